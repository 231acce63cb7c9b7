package closecode

// registered are the codes from 1008 to 1015: of RFC 6455, and 1012 to 1014 of the IANA registry.
var registered = []Code{{
	Low: 1008, High: 1008, Name: "Policy Violation", Sender: Either, OnWire: true,
	Meaning: "The sender of the code has a rule against what it got, and does not say which. DRP was not seen to send it: " +
		"a bad token gets 401 or 403 before the socket opens, and one that expires later leaves it open.",
	Causes: []string{
		"A web application firewall or API gateway: rate, origin, content, session age.",
		"Single sign-on in front of DRP, whose session has ended.",
	},
	Remedy: []string{
		check,
		around,
		"Search the gateway's log for the time of the drop; it names the rule. Log in again if it is the session.",
	},
	Reconnects: reconnectsUnknown,
}, {
	Low: 1009, High: 1009, Name: "Message Too Big", Sender: Either, OnWire: true,
	Meaning: "A message was longer than the receiver takes. DRP closes with it on any message over 512 bytes; events that " +
		"it sends itself may be far larger.",
	Causes: []string{
		"A `register` command over 512 bytes: a very long filter, or many keys in one.",
		"A proxy or gateway with a limit of its own, and a large event (a machine with large params, a job's log).",
		"A script that sends data over the socket instead of REST.",
	},
	Remedy: []string{
		check,
		around,
		"In a client of your own, keep each `register` under 512 bytes: one filter a message, `type.action.key`.",
		"Raise the message limit of the gateway, if the code is the gateway's.",
	},
	Reconnects: reconnectsItself,
}, {
	Low: 1010, High: 1010, Name: "Mandatory Extension", Sender: Client, OnWire: true,
	Meaning: "The client wanted an extension that the server did not grant. Only a client sends it. DRP grants none " +
		"(permessage-deflate is ignored), and browsers insist on none.",
	Causes: []string{
		"A script or library that insists on permessage-deflate.",
		"A proxy that strips Sec-WebSocket-Extensions from the answer.",
	},
	Remedy: []string{
		check,
		"Turn compression off in the client.",
		"Where it is shown by a browser, look at the proxy: browsers do not send this code.",
	},
	Reconnects: reconnectsUnknown,
}, {
	Low: 1011, High: 1011, Name: "Internal Error", Sender: Server, OnWire: true,
	Meaning: "The server met something it could not handle, and was still well enough to say so. DRP or a proxy is " +
		"running and faulty; a process that has crashed leaves 1006.",
	Causes: []string{
		"An error inside the server: full disk, out of memory, a bug. Its log has it.",
		"A gateway whose connection to DRP broke.",
	},
	Remedy: []string{
		journal,
		"df -h /var/lib/dr-provision",
		status,
		"If it repeats, restart dr-provision at a quiet time, and send RackN the log.",
	},
	KB:         "KB-00056 reads 1011 as \"server crashed\". A crashed server sends nothing: that is 1006.",
	Reconnects: reconnectsUnknown,
}, {
	Low: 1012, High: 1012, Name: "Service Restart", Sender: Server, OnWire: true, Normal: true,
	Meaning: "The service restarts and expects its clients back after a short while, at random intervals. DRP was seen to " +
		"restart without it (1006): it is likely a gateway's. Registered with IANA, not in RFC 6455.",
	Causes: []string{
		"A gateway or ingress in front of DRP is being rolled out or reloaded.",
		"A planned restart of the endpoint.",
	},
	Remedy: []string{
		status,
		check,
		"Wait half a minute, then reload the portal's page.",
	},
	Reconnects: reconnectsUnknown,
}, {
	Low: 1013, High: 1013, Name: "Try Again Later", Sender: Server, OnWire: true,
	Meaning: "The service is overloaded and sheds this client. Registered with IANA, not in RFC 6455. DRP was seen to drop " +
		"events without a word when a client reads slowly, rather than close.",
	Causes: []string{
		"A gateway at its limit of connections.",
		"Very many open sockets: forgotten tabs, scripts that reconnect in a tight loop.",
		"A server short of memory or CPU.",
	},
	Remedy: []string{
		"drpcli -E https://" + Address + " connections list",
		"uptime; free -m",
		"Close what nobody needs (the list of connections needs DRP 4.11), and let scripts wait between reconnects.",
	},
	Reconnects: reconnectsUnknown,
}, {
	Low: 1014, High: 1014, Name: "Bad Gateway", Sender: Server, OnWire: true,
	Meaning: "A gateway got a wrong answer, or none, from DRP behind it: the websocket's own 502. Registered with IANA, not " +
		"in RFC 6455. Some client libraries take it for an invalid code.",
	Causes: []string{
		"DRP behind the gateway is stopped or restarting.",
		"The gateway dials the wrong address or port, or speaks plain HTTP to port 8092, which is TLS.",
		"The gateway verifies DRP's certificate and refuses it.",
	},
	Remedy: []string{
		status,
		"curl -k https://127.0.0.1:8092/api/v3/info",
		around,
		"Set the gateway's upstream right: https, port 8092, HTTP/1.1, Upgrade and Connection passed on.",
	},
	Reconnects: reconnectsUnknown,
}, {
	Low: 1015, High: 1015, Name: "TLS Handshake", Sender: Nobody,
	Meaning: "TLS failed: the certificate was refused, or no version or cipher was in common. The number is never sent; the " +
		"browser makes it up. Firefox does, Chromium says 1006 for the same: who reads 1015 sits at a Firefox.",
	Causes: []string{
		"The certificate is self-signed and not accepted in this profile for this very port: an exception for 8090 " +
			"does not cover 8092.",
		"The certificate has expired or was renewed since it was accepted.",
		"The name in the address bar is not among the certificate's names.",
		"An intermediate certificate is not sent: Firefox does not fetch it.",
		"TLS older than 1.2, or port 8092 does not speak TLS.",
	},
	Remedy: []string{
		check,
		"openssl s_client -connect " + Address + " </dev/null | openssl x509 -noout -subject -dates -ext subjectAltName",
		accept,
		"For good: `drpcli system certs set server.crt server.key`, with a certificate of a CA that the browsers trust.",
	},
	KB: "KB-00056 is right about the meaning, but Chromium, Chrome and Edge never show 1015: they say 1006 for the " +
		"same fault.",
	Reconnects: reconnectsUnknown,
}}
