package closecode

// defined are the codes of RFC 6455 section 7.4.1 up to 1007.
var defined = []Code{{
	Low: 1000, High: 1000, Name: "Normal Closure", Sender: Either, OnWire: true, Normal: true,
	Meaning: "One side was done and said so, and the other agreed. Nothing is broken. DRP answers a browser's 1000 " +
		"with 1000.",
	Causes: []string{
		"The page closed its own socket: logout, another endpoint chosen, reload.",
		"A gateway ended a session at its maximum age, and in good order.",
	},
	Remedy: []string{
		watch,
		"Nothing, if it happened once. If it repeats at even intervals, look for a maximum session age in the " +
			"proxy or load balancer.",
	},
	Reconnects: reconnectsUnknown,
}, {
	Low: 1001, High: 1001, Name: "Going Away", Sender: Either, OnWire: true, Normal: true,
	Meaning: "One side is leaving: a browser whose user left the page, or a server or proxy that shuts down. A DRP server " +
		"ended by SIGTERM was seen to leave without it (1006), so one that comes from the server's side is likely a " +
		"proxy's.",
	Causes: []string{
		"The tab was closed, reloaded, or sent elsewhere.",
		"A proxy or load balancer in front of DRP was reloaded or is being drained.",
		"The endpoint is being stopped or upgraded.",
	},
	Remedy: []string{
		status,
		check,
		"Reload the portal's page once the check is ok.",
	},
	KB:         "KB-00056 reads it as \"server down\" as well. A server that is down sends nothing: that is 1006.",
	Reconnects: reconnectsUnknown,
}, {
	Low: 1002, High: 1002, Name: "Protocol Error", Sender: Either, OnWire: true,
	Meaning: "The sender of the code got a frame that RFC 6455 forbids. DRP closes with it on an unmasked frame or a " +
		"reserved opcode. Browsers make no such frames, so something between changes them, or the client is no browser.",
	Causes: []string{
		"A proxy, VPN or security software that opens the traffic and mangles frames.",
		"A home-made client: frames not masked, wrong opcode, wrong length.",
	},
	Remedy: []string{
		check,
		around,
		"Try from another network or without the security software: if that works, exempt the endpoint there.",
	},
	Reconnects: reconnectsUnknown,
}, {
	Low: 1003, High: 1003, Name: "Unsupported Data", Sender: Either, OnWire: true,
	Meaning: "The sender of the code cannot take this kind of data, as a rule binary instead of text. DRP was seen to " +
		"ignore binary messages rather than close on them: look for a gateway.",
	Causes: []string{
		"A gateway or firewall that allows text messages only.",
		"A script that sends its commands as binary messages.",
	},
	Remedy: []string{
		check,
		around,
		"In a client of your own, send `register` commands as text messages.",
	},
	Reconnects: reconnectsUnknown,
}, {
	Low: 1004, High: 1004, Name: "Reserved", Sender: Nobody,
	Meaning: "Means nothing: RFC 6455 keeps the number for later, and nobody may send it. Chromium and Firefox hand it " +
		"to the page all the same, as a clean close, when a server does.",
	Causes: []string{
		"A proxy or server with a faulty websocket library.",
		"An application that took the number for its own use.",
	},
	Remedy: []string{
		check,
		around,
		"Update the one that sends it.",
	},
	Reconnects: reconnectsUnknown,
}, {
	Low: 1005, High: 1005, Name: "No Status Received", Sender: Nobody, Normal: true,
	Meaning: "The close frame that came was empty: an end in order, with no word why. The number is never sent; the side " +
		"that got the empty frame makes it up. DRP answers an empty close with an empty one, so both sides read 1005.",
	Causes: []string{
		"The page or a script closed the socket without giving a code.",
		"A proxy or load balancer that closes without giving a code, at a restart or a time limit.",
		"A faulty server that puts 1005 on the wire: Firefox shows it as it is, Chromium makes it 1006.",
	},
	Remedy: []string{
		watch,
		journal,
		"Nothing, if it happened once. If it repeats, compare the times with the log of the proxy.",
	},
	KB:         "KB-00056 calls it \"no status\", which is right; it does not say that the client makes the number up.",
	Reconnects: reconnectsUnknown,
}, {
	Low: 1006, High: 1006, Name: "Abnormal Closure", Sender: Nobody,
	Meaning: "No close frame came: the socket never opened, or its connection was cut. The number is never sent; the " +
		"browser makes it up, and the page cannot learn more. Chromium shows it for every failure; Firefox shows 1015 " +
		"for a bad certificate, so a 1006 in Firefox is not the certificate.",
	Causes: []string{
		"Chromium: the certificate is self-signed, expired, changed, or not for this name, and not (or no longer) accepted.",
		"Nothing answers: DRP is stopped or restarting (it sends no close frame on SIGTERM), a firewall, a wrong address or port.",
		"A reverse proxy that does not pass Upgrade and Connection on, or cannot reach DRP (502, 503, 504).",
		"The token has expired: DRP refuses the reconnect with 401 or 403, and the page sees only 1006.",
		"A proxy, load balancer or firewall that cuts idle connections sooner than DRP pings them (54 s).",
		"The browser slept or lost its network: DRP drops a client that answers no ping for 60 s.",
		"Chromium, hosted portal, private address: the permission to reach the local network was not given.",
	},
	Remedy: []string{
		check,
		status,
		accept,
		"Close the browser completely and open it again: it keeps refused and outdated decisions as long as it runs.",
		"If the check is ok and the browser is not, look at what stands between them: proxy, VPN, security software, permission.",
	},
	KB: "KB-00056 takes 1006 for a TLS problem. It is that in Chromium alone, and there it is as well every other " +
		"failure; Firefox says 1015 for the certificate.",
	Reconnects: reconnectsUnknown,
}, {
	Low: 1007, High: 1007, Name: "Invalid Frame Payload Data", Sender: Either, OnWire: true,
	Meaning: "The sender of the code got a text message that is not UTF-8. DRP was seen to take such text without complaint; " +
		"a browser that gets it closes with 1007, and its page reads 1006.",
	Causes: []string{
		"An event that carries bytes as text: a log line or a param in Latin-1, or cut in the middle of a character.",
		"A gateway that checks messages, and a client that sends bytes as text.",
		"A proxy that changes or compresses message bodies.",
	},
	Remedy: []string{
		watch,
		"drpcli -E https://" + Address + " events watch",
		"The last event before the drop names the object: set what is not UTF-8 there right.",
	},
	Reconnects: reconnectsUnknown,
}}
