package proxies

import "syscall"

// haproxy is Debian's HAProxy in the foreground, as a master with one worker, which is what lets it
// be reloaded.
type haproxy struct{ program }

// NewHAProxy returns an error where HAProxy is not installed.
func NewHAProxy(at Place) (Proxy, error) {
	path, err := find("haproxy")
	if err != nil {
		return nil, err
	}
	return &haproxy{program{
		Place: at, path: path, file: "haproxy.cfg", listens: "bind :443",
		run: []string{"-W", "-f", "haproxy.cfg"}, test: []string{"-c", "-q", "-f", "haproxy.cfg"},
		reload: syscall.SIGUSR2, loaded: []string{"Loading success.", "Proxy https stopped"},
	}}, nil
}

// Name implements Proxy.
func (*haproxy) Name() string { return "HAProxy" }

// Sound implements Proxy.
func (*haproxy) Sound() string { return haproxyConfig }

const haproxyConfig = `global
    maxconn 200
    # global
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
    timeout tunnel 1h
    # defaults
frontend https
    bind :443 ssl crt drp.pem alpn http/1.1
    # frontend
    default_backend drp
backend drp
    # backend
    server drp 127.0.0.1:8092 ssl verify none
backend static
    http-request return status 404
`
