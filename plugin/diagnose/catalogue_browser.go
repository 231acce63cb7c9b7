package diagnose

import "ws-diagnose/plugin/trace"

// browserFindings are what only the model of the browsers knows: for where nothing else tells why one
// does not open the socket, see explainsRefusal.
var browserFindings = []Entry{{
	ID: refusesID, Level: LevelWarn, Stage: trace.StageCertificate,
	Title:    "a browser refuses what the check finds no fault with",
	Headline: "{engines} refuses to open the socket",
	Seen: "By its rules Chromium or Firefox does not open the socket, and no other finding says why; " +
		"an error where both refuse.",
	User:  "Close code 1006, in Firefox 1015 where it is about TLS or the certificate, and the error that the finding names.",
	Cause: "Each browser has rules of its own beyond the standards, and they are not the other's.",
	Remedy: []string{
		"openssl s_client -connect {dial} -servername {name} </dev/null | openssl x509 -noout -text",
		"Open {accept} in that browser: its page or its console names the error, and what it can be told to accept.",
	},
	Verify: "The portal connects in both browsers, and the check reports no browser-refuses.",
	find:   browserRefuses,
}}

// answerByHand shows the answer itself, where it is not about the certificate.
var answerByHand = []string{
	"curl -skiN --http1.1 --max-time 5 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \\\n" +
		"  -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' {url}{path}",
	"Look there for what the browser names: the console of its developer tools, opened on the portal, says it in full.",
}

// leafAmongRoots is how a certificate of our own is had that every browser takes: from a CA. As of
// openssl 3.0 req signs with another's key.
var leafAmongRoots = []string{
	"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \\\n" +
		"  -keyout ca.key -out ca.crt -subj /O={cn}/CN=CA",
	"openssl req -x509 -CA ca.crt -CAkey ca.key -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \\\n" +
		"  -keyout server.key -out server.crt -subj /CN={cn} -addext {san} \\\n" +
		"  -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth",
	"{?is_api}drpcli -E {api} system certs set server.crt server.key",
	"{?is_foreign}Install the new pair" + inProxy,
	"{!is_drp}Install the new pair in the server and reload it.",
	"Trust ca.crt in place of the server's own certificate, on every machine; keep ca.key away from the server.",
	"Or take the certificate out of the trusted roots again: then each browser can accept it by hand, at {accept}.",
}
