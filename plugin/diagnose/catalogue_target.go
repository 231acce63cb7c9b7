package diagnose

import "ws-diagnose/plugin/trace"

// targetFindings are about the address as the user typed it.
var targetFindings = []Entry{{
	ID: "scheme-insecure", Level: LevelError, Stage: stageTarget,
	Title:    "the address is not encrypted",
	Headline: "{id} is not encrypted: browsers refuse it from an https page",
	Seen:     "A target with http:// or ws:// that is not on a loopback address.",
	User: "The portal is an https page. Chromium and Firefox block a ws:// address there as mixed content " +
		"before they send a packet: an exception in the page's script, or close code 1006.",
	Cause: "A page that came over https may only open wss:// sockets, except to the browser's own machine.",
	Remedy: []string{
		"ws-diagnose check https://{hostport}",
		"Use the https:// or wss:// address in the portal and in whatever names this target. " +
			"DRP's API port 8092 speaks TLS only.",
		"{!is_drp}Where the server has no TLS, put nginx or HAProxy with a certificate in front of it.",
	},
	Verify: "The check of the https:// address reports no scheme-insecure.",
	find:   schemeInsecure,
}, {
	ID: "port-unsafe", Level: LevelError, Stage: stageTarget,
	Title:    "browsers refuse this port",
	Headline: "browsers refuse port {port} before they send a packet",
	Seen:     "A port on the list of ports that the WHATWG Fetch standard blocks.",
	User:     "Chromium shows net::ERR_UNSAFE_PORT, Firefox refuses likewise; the page sees close code 1006 at once.",
	Cause: "Browsers block the ports of old protocols (mail, IRC, X11, ...) so that pages cannot talk to such servers. " +
		"This one is on their list, although the server itself may be fine.",
	Remedy: []string{
		"{?is_drp}systemctl edit dr-provision",
		"{?is_drp}Set Environment=RS_API_PORT=8092 there, restart dr-provision, and use that port.",
		"{!is_drp}Serve the websocket on another port, such as 443 or 8092.",
	},
	Verify: "The portal connects at the new port; the check of it reports no port-unsafe.",
	find:   portUnsafe,
}, {
	ID: "names-unknown", Level: LevelInfo, Stage: stageTarget,
	Title: "nobody said which names users type: the certificate's names are not judged",
	Seen:  "A check of the endpoint's own addresses without configured names.",
	User:  "Nothing by itself. If the name in the address bar is missing from the certificate, the browser refuses it.",
	Cause: "The check dials the server's own address. Which names and addresses users type into the portal " +
		"is known to people only.",
	Remedy: []string{
		"drpcli plugins set ws-diagnose param ws-diagnose/endpoints to '[\"https://drp.example.com:8092\"]'",
		"Replace drp.example.com by the names and addresses that users type, as many as there are.",
	},
	Verify: "The next check judges the certificate against these names.",
	find:   namesUnknown,
}}

// resolveFindings are about the name.
var resolveFindings = []Entry{{
	ID: "dns-not-found", Level: LevelError, Stage: trace.StageResolve,
	Title:    "the name does not exist",
	Headline: "{host} is not found: the name does not exist or has no address",
	Seen:     "The resolver answered that there is no such name (NXDOMAIN), or that it has no address.",
	User:     "Chromium: net::ERR_NAME_NOT_RESOLVED; Firefox: unknown host. The page sees close code 1006.",
	Cause: "The name is misspelt, was never entered in DNS, or is known to another DNS server only " +
		"(internal names, VPN).",
	Remedy: []string{
		"getent hosts {host}",
		"dig +short {host} A {host} AAAA",
		"Enter the name in DNS, or use a name or address that exists. An address needs a certificate that names it.",
	},
	Verify: "getent prints the address, on this machine and on the user's.",
	find:   dnsNotFound,
}, {
	ID: "dns-failed", Level: LevelError, Stage: trace.StageResolve,
	Title:    "the name server does not answer",
	Headline: "the name {host} cannot be looked up: the resolver fails",
	Seen:     "The resolver failed, refused, or did not answer in time; whether the name exists is not known.",
	User:     "A long wait, then net::ERR_NAME_NOT_RESOLVED in Chromium or unknown host in Firefox; close code 1006.",
	Cause:    "The configured DNS server is down, out of reach (firewall, VPN), or refuses this client.",
	Remedy: []string{
		"cat /etc/resolv.conf",
		"dig {host}",
		"Bring the name server back, or configure one that answers.",
	},
	Verify: "dig answers at once with status NOERROR.",
	find:   dnsFailed,
}}

// connectFindings are about the connection, before a byte was said.
var connectFindings = []Entry{{
	ID: "connect-refused", Level: LevelError, Stage: trace.StageConnect,
	Title:    "connection refused: nothing listens",
	Headline: "connection refused: nothing listens on {dial}",
	Seen:     "Every address of the name answered the connection attempt with a reset.",
	User: "Chromium: net::ERR_CONNECTION_REFUSED, Firefox: NS_ERROR_CONNECTION_REFUSED, at once; " +
		"close code 1006 in both.",
	Cause: "The host is up, but no program listens on port {port}: the service is stopped, listens on another port " +
		"or address, or a firewall rejects with a reset.",
	Remedy: []string{
		"ss -ltnp sport = :{port}",
		"{?is_drp}systemctl status dr-provision",
		"{?is_drp}journalctl -u dr-provision -n 50 --no-pager",
		"{?is_drp}systemctl restart dr-provision",
		"{!is_drp}Start the server that should listen on port {port}, or correct the port.",
	},
	Verify: "ss shows a listener on the port, and the check gets past the stage connect.",
	find:   connectRefused,
}, {
	ID: "connect-timeout", Level: LevelError, Stage: trace.StageConnect,
	Title:    "no answer to the connection attempt",
	Headline: "no answer from {dial}: filtered, wrong address, or host down",
	Seen:     "The connection attempt stayed unanswered until the deadline.",
	User: "The portal hangs: Firefox gives up after about 20 s, Chromium after more than two minutes; " +
		"then close code 1006.",
	Cause: "A firewall drops the packets, the address belongs to no running host, or the route leads elsewhere.",
	Remedy: []string{
		"ping -c 3 {host}",
		"nc -vz -w 5 {host} {port}",
		"firewall-cmd --permanent --add-port={port}/tcp && firewall-cmd --reload",
		"Allow TCP port {port} in the host's firewall (the line above is for firewalld) and in every one on the way.",
	},
	Verify: "nc reports the port open, also from a user's machine.",
	find:   connectTimeout,
}, {
	ID: "connect-unreachable", Level: LevelError, Stage: trace.StageConnect,
	Title:    "no route to the host",
	Headline: "no route to {dial}",
	Seen:     "The connection attempt failed with host or network unreachable, or was prohibited.",
	User: "Chromium: net::ERR_ADDRESS_UNREACHABLE or net::ERR_NETWORK_ACCESS_DENIED, Firefox: connection refused; " +
		"close code 1006.",
	Cause: "There is no route to the network, a router answers that the host is not there, or a policy of this machine " +
		"or of a firewall prohibits it.",
	Remedy: []string{
		"ip route get {host}",
		"traceroute -n {host}",
		"Correct the route, the VPN or the address; where it is prohibited, allow TCP port {port} in that firewall.",
	},
	Verify: "ip route get prints a route, and the check gets past the stage connect.",
	find:   connectUnreachable,
}, {
	ID: "connect-partial", Level: LevelWarn, Stage: trace.StageConnect,
	Title:    "some addresses of the name do not answer",
	Headline: "some addresses of {host} do not answer: browsers stall",
	Seen:     "One address of the name works, another refuses, times out or cannot be reached.",
	User: "The portal sometimes connects late, or not at all where only the broken address can be reached " +
		"(often IPv6).",
	Cause: "DNS names an address on which the server does not listen or which the network does not carry.",
	Remedy: []string{
		"getent ahosts {host}",
		"ss -ltnp sport = :{port}",
		"Remove the address that does not work from DNS, or make the server listen on it.",
	},
	Verify: "The check reports every address of the name as answering.",
	find:   connectPartial,
}, {
	ID: "proxy-failed", Level: LevelError, Stage: trace.StageConnect,
	Title:    "the HTTP proxy opens no tunnel",
	Headline: "the HTTP proxy {proxy} opens no tunnel to {hostport}: {why}",
	Seen:     "The configured proxy was not to be reached, or answered CONNECT with something else than success.",
	User: "A browser behind the same proxy shows net::ERR_TUNNEL_CONNECTION_FAILED (Chromium) or a proxy error " +
		"(Firefox); close code 1006.",
	Cause: "The proxy is down, wants a user and a password, or may not connect to port {port} " +
		"(many allow 443 alone).",
	Remedy: []string{
		"curl -vk -x {proxy} {url}/",
		"Allow CONNECT to {hostport} in the proxy, give the credentials it asks for, or leave it out for this host.",
		"export no_proxy={host}",
	},
	Verify: "curl shows an answer of 200 to CONNECT.",
	find:   proxyFailed,
}}
