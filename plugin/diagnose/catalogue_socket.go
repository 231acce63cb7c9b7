package diagnose

import "ws-diagnose/plugin/trace"

// socketFindings are about the open websocket.
var socketFindings = []Entry{{
	ID: "ws-closed", Level: LevelError, Stage: trace.StageRegister,
	Title:    "the server closes the websocket with a code",
	Headline: "the server closed the websocket with code {code}",
	Seen:     "A close frame of the server with a code, while the socket was meant to stay open.",
	User:     "The portal shows that code in its red megaphone: it reaches the page unchanged.",
	Cause: "What the code says, which ws-diagnose explain tells for each: a shutdown (1001, 1012), an overload (1013), " +
		"an error inside (1011), a message that was too large (1009), a rule (1008), or the application's own (4000 and up).",
	Remedy: []string{
		"ws-diagnose explain {number}",
		"{?is_drp}journalctl -u dr-provision -n 50 --no-pager",
	},
	Verify:     "The check passes the stages register to close.",
	HeldBackBy: []string{"ws-closed-invalid", "ws-protocol-error"},
	find:       wsClosed,
}, {
	ID: "ws-closed-invalid", Level: LevelError, Stage: trace.StageRegister,
	Title:    "the server sends a close frame that must not be",
	Headline: "the server sends {fault}",
	Seen: "A close code that must not stand on the wire (1004, 1005, 1006, 1015, below 1000, unregistered), a payload of " +
		"one byte, or a reason that is not UTF-8.",
	User: "Mostly the forbidden code itself, as a clean close; with 1006 on the wire or a single byte Chromium " +
		"reports 1006.",
	Cause: "A fault in the server's websocket library, or a proxy that makes up close frames. Codes 1005, 1006 and 1015 " +
		"are for a client to report, never to be sent.",
	Remedy: []string{
		"{?is_drp}drpcli -E {api} info get | jq -r .version",
		"{?is_drp}Update DRP; where a proxy stands in front, check port 8092 without it to see which of them sends the frame.",
		"{!is_drp}Update the server, or the proxy in front of it; check without the proxy to see which sends the frame.",
	},
	Verify:     "The check passes the stages register to close.",
	HeldBackBy: []string{"ws-protocol-error"},
	find:       wsClosedInvalid,
}, {
	ID: "ws-dropped", Level: LevelError, Stage: trace.StageRegister,
	Title:    "the websocket ends without a close frame (1006)",
	Headline: "the websocket was dropped after {held} without a close frame (1006)",
	Seen:     "The connection under the open socket ended (FIN, reset or TLS alert), and no close frame had come.",
	User:     "1006 in both browsers, without an error event: the portal's megaphone turns red.",
	Cause: "The server was stopped or crashed (DRP sends no close frame on the way out), or a proxy or firewall cut the " +
		"connection.",
	Remedy: []string{
		"{?is_drp}journalctl -u dr-provision -n 50 --no-pager",
		"{?is_drp}systemctl status dr-provision",
		"ws-diagnose watch {url}",
		"Hold the socket with the watch: drops after silences of equal length are a proxy's idle timeout.",
	},
	Verify:    "ws-diagnose watch holds the socket for longer than it lived before.",
	DependsOn: []string{"ws-idle-dropped", "ws-flapping"},
	find:      wsDropped,
}, {
	ID: "ws-too-large", Level: LevelError, Stage: trace.StageRegister,
	Title: "the server sends a message that is too large",
	Seen:  "A message beyond the limit of the check. A server that refuses a message of ours closes with 1009: ws-closed.",
	User: "Browsers take what fits their memory, and slow down. Where a proxy has a limit, the page sees 1009, after which " +
		"the portal reconnects by itself, or 1006.",
	Cause: "An object with very large params makes a very large event, or what answers is not DRP.",
	Remedy: []string{
		"{?is_drp}drpcli -E {api} events watch '*.*.*' | awk '{ print length }' | sort -n | tail -5",
		"{?is_drp}Make what is that large smaller: move bulky params of the object into files.",
		"{!is_drp}Raise the limit of the server or the proxy, or send smaller messages.",
	},
	Verify:     "The check passes the stages register to close.",
	HeldBackBy: []string{"ws-protocol-error"},
	find:       wsTooLarge,
}, {
	ID: "ws-no-ack", Level: LevelError, Stage: trace.StageRegister,
	Title:    "the registration is never acknowledged",
	Headline: "the upgrade is fine, but the registration was never acknowledged",
	Seen:     "The register message was sent over the open socket, and no acknowledgement came.",
	User:     "The portal seems connected and shows nothing new; then 1006 when something gives up.",
	Cause: "A proxy or inspection device answers the upgrade and buffers or swallows the frames, or the server behind it " +
		"is not DRP.",
	Remedy: []string{
		"ws-diagnose check https://127.0.0.1:8092",
		"Run it on the endpoint itself: when that is fine, the fault is in between. Exempt {hostport} from TLS inspection " +
			"and antivirus scanning there. nginx and HAProxy pass frames on whatever their buffering is set to.",
	},
	Verify: "The check passes the stage register.",
	find:   wsNoAck,
}, {
	ID: "ws-no-event", Level: LevelError, Stage: trace.StageEvent,
	Title:    "a posted event never arrives",
	Headline: "{what}",
	Seen:     "The registration was acknowledged and an event posted, and it did not arrive over the socket.",
	User:     "The portal is connected and its lists do not move until the page is loaded anew.",
	Cause: "Frames from the server are held back on the way, the token may not see the event, or two endpoints answer at " +
		"this address and the event went to the other one.",
	Remedy: []string{
		"drpcli -E {api} events watch '*.*.*'",
		"drpcli -E {api} users show rocketskates",
		"Give the token's user the claim events post * (role superuser has it).",
		"Behind a load balancer, have all requests of a client go to one endpoint (source or cookie affinity).",
	},
	Verify: "The check passes the stage event and reports its round trip.",
	find:   wsNoEvent,
}, {
	ID: "ws-no-pong", Level: LevelError, Stage: trace.StagePing,
	Title: "a ping is not answered",
	Seen:  "A ping frame was sent over the open socket, and no pong came.",
	User:  "Nothing at first. DRP's own pings go unanswered as well, and after 60 s it drops the socket: 1006.",
	Cause: "A proxy or device does not pass control frames on, or the server hangs.",
	Remedy: []string{
		"ws-diagnose watch {url}",
		"{?is_drp}journalctl -u dr-provision -n 50 --no-pager",
		"Check port 8092 of the endpoint without the proxy; when that is fine, update the proxy or exempt {hostport} from it.",
	},
	Verify:    "The check passes the stage ping.",
	DependsOn: []string{"ws-no-ack"},
	find:      wsNoPong,
}, {
	ID: "ws-slow", Level: LevelWarn, Stage: trace.StageEvent,
	Title:    "events take long",
	Headline: "an event takes {took}, more than {limit}",
	Seen:     "The round trip of a posted event is above latency-warn-ms.",
	User:     "The portal lags behind.",
	Cause:    "A slow or loaded link, a loaded endpoint, or a proxy that buffers.",
	Remedy: []string{
		"ping -c 5 {host}",
		"uptime",
		"drpcli plugins set ws-diagnose param ws-diagnose/latency-warn-ms to 2000",
		"Run uptime on the endpoint. Where the link is long by nature, raise the threshold as in the last line.",
	},
	Verify: "The check reports a round trip below the threshold.",
	find:   wsSlow,
}, {
	ID: "ws-close-ignored", Level: LevelWarn, Stage: trace.StageClose,
	Title: "the server does not answer our close frame",
	Seen:  "A close frame was sent, and no close frame came back.",
	User:  "Nothing the user notices: the browser gives up waiting after 20 s (Firefox) or 60 s (Chromium), then 1006.",
	Cause: "The server or a proxy ends or keeps the connection without the closing handshake of RFC 6455, section 7.",
	Remedy: []string{
		"{?is_drp}drpcli -E {api} connections list",
		"Update the proxy or the server; where the connections pile up, set an idle timeout in the proxy.",
	},
	Verify:    "The check passes the stage close.",
	DependsOn: []string{"ws-no-ack", "ws-no-pong"},
	find:      wsCloseIgnored,
}}

// frameFindings are about single frames.
var frameFindings = []Entry{{
	ID: "ws-protocol-error", Level: LevelError, Stage: trace.StageRegister,
	Title:    "the server sends a frame that RFC 6455 forbids",
	Headline: "a forbidden frame from the server: {fault}",
	Seen: "A masked frame, a reserved bit or opcode, a control frame that is too long or fragmented, a length that is not " +
		"minimal, fragments out of order, or data after the close frame.",
	User: "An error event and 1006; Chromium's console names the fault.",
	Cause: "A device on the way changes frames or injects text (an HTML page in the stream), or the server's websocket " +
		"library is at fault.",
	Remedy: []string{
		"ws-diagnose check https://127.0.0.1:8092",
		"Run it on the endpoint itself: when that is fine, the fault is in between; exempt {hostport} from inspection there.",
		"Otherwise update the server.",
	},
	Verify: "The check passes the stages register to close.",
	find:   wsProtocolError,
}, {
	ID: "ws-invalid-utf8", Level: LevelError, Stage: trace.StageRegister,
	Title: "text on the socket is not UTF-8 (1007)",
	Seen:  "A text message that is not UTF-8.",
	User:  "1006 in both browsers; Chromium: Could not decode a text frame as UTF-8. A tool reports it as 1007.",
	Cause: "An object holds text in another character set, or a device on the way changes bytes.",
	Remedy: []string{
		"{?is_drp}drpcli -E {api} events watch '*.*.*' | grep -naxv '.*'",
		"Find the object whose text is not UTF-8 by the line above (it prints what is not), and enter it anew.",
	},
	Verify:     "The check passes the stages register to close.",
	HeldBackBy: []string{"ws-protocol-error"},
	find:       wsInvalidUTF8,
}}
