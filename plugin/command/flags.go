package command

import (
	"time"

	"github.com/spf13/pflag"

	"ws-diagnose/plugin/probe"
)

// The defaults of the flags, as the help page shows them.
const (
	defaultEndpoint  = "https://127.0.0.1:8092"
	defaultPortal    = "https://portal.rackn.io"
	defaultListen    = 2 * time.Second
	defaultWarnDays  = 30
	defaultErrorDays = 7
)

// accessFlags say which endpoint is meant and what it is told of us, as drpcli does.
type accessFlags struct {
	endpoint, token, tokenFile, username, password string
}

func (a *accessFlags) register(fs *pflag.FlagSet) {
	fs.StringVarP(&a.endpoint, "endpoint", "E", defaultEndpoint,
		"DRP `URL` that credentials go to, checked if no other is given\n(env RS_ENDPOINT)")
	fs.StringVarP(&a.token, "token", "T", "", "`TOKEN` for the endpoint (env RS_TOKEN)")
	fs.StringVar(&a.tokenFile, "token-file", "", "`FILE` that holds the token")
	fs.StringVarP(&a.username, "username", "U", "", "`USER` of the endpoint (env RS_KEY=user:password, RS_USERNAME)")
	fs.StringVarP(&a.password, "password", "P", "", "`PASSWORD` of that user (env RS_KEY, RS_PASSWORD)")
}

// checkFlags are the flags of check as they were given.
type checkFlags struct {
	accessFlags
	caCert, origin, portalURL, serverName, connect, proxy string
	timeout, listen, idle                                 time.Duration
	warnDays, errorDays                                   int
	requireTrusted, plain, json, quiet                    bool
}

func (f *checkFlags) register(fs *pflag.FlagSet) {
	fs.SortFlags = false
	f.accessFlags.register(fs)
	fs.StringVar(&f.caCert, "ca-cert", "", "PEM `FILE` of roots to trust beside the system's")
	fs.IntVar(&f.warnDays, "warn-days", defaultWarnDays, "warn of a certificate with fewer `DAYS` left")
	fs.IntVar(&f.errorDays, "error-days", defaultErrorDays, "call it an error with fewer `DAYS` left")
	fs.BoolVar(&f.requireTrusted, "require-trusted", false, "a certificate that is not trusted is an error")
	fs.DurationVar(&f.timeout, "timeout", probe.DefaultTimeout, "`TIME` for the whole check of one target")
	fs.StringVar(&f.portalURL, "portal-url", defaultPortal, "`URL` of the portal, sent as Origin")
	fs.StringVar(&f.origin, "origin", "", "send this `URL` as Origin instead")
	fs.StringVar(&f.serverName, "servername", "", "`NAME` to ask for (SNI) and to judge, instead of the URL's")
	fs.StringVar(&f.connect, "connect", "", "dial `HOST:PORT`, but speak to the URL's name")
	fs.StringVar(&f.proxy, "proxy", "", "HTTP proxy `URL`; without it, none is used")
	fs.BoolVar(&f.plain, "plain", false, "any websocket server: no requests that only DRP understands")
	fs.DurationVar(&f.listen, "listen", defaultListen, "with --plain, `TIME` to listen before the ping; 0 for none")
	fs.DurationVar(&f.idle, "idle", 0, "then keep websockets silent for up to `TIME`, such as 90s, to find an\nidle timeout on the way")
	fs.BoolVar(&f.json, "json", false, "one report per target as one line of JSON")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "the first line of each report alone")
}
