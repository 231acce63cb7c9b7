package proxies

import (
	"os"
	"syscall"
)

// nginx is Debian's nginx in the foreground, with all its files in one directory.
type nginx struct{ program }

// NewNginx returns an error where nginx is not installed.
func NewNginx(at Place) (Proxy, error) {
	path, err := find("nginx")
	if err != nil {
		return nil, err
	}
	place := []string{"-p", at.Dir, "-c", "nginx.conf", "-e", "stderr"}
	return &nginx{program{
		Place: at, path: path, file: "nginx.conf", listens: "listen 443",
		run: place, test: append([]string{"-t", "-q"}, place...), reload: syscall.SIGHUP,
		loaded: []string{"gracefully shutting down"}, // by the former worker
	}}, nil
}

// Name implements Proxy.
func (*nginx) Name() string { return "nginx" }

// Sound implements Proxy.
func (*nginx) Sound() string {
	if os.Geteuid() == 0 { // its workers could not enter the test's directory otherwise
		return "user root;\n" + nginxConfig
	}
	return nginxConfig
}

const nginxConfig = `daemon off;
pid nginx.pid;
error_log stderr notice;
worker_processes 1;
# main
events {
    worker_connections 128;
}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxied;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    # http
    upstream drp {
        server 127.0.0.1:8092;
        # upstream
    }
    server {
        listen 443 ssl;
        server_name drp.example.com;
        ssl_certificate drp.pem;
        ssl_certificate_key drp.key;
        # server
        location / {
            proxy_pass https://drp;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_read_timeout 3600s;
            # location
        }
    }
}
`
