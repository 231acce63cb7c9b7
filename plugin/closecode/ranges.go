package closecode

import "math"

// below are the numbers under the protocol's.
var below = []Code{{
	Low: math.MinInt, High: -1, Sender: Nobody,
	Meaning: "No close code: on the wire a code has 16 bits and no sign. The number is some program's own, for " +
		"\"no code\" as a rule.",
	Causes: []string{"A script or log that shows its own error number."},
	Remedy: []string{
		check,
		"Look the number up in the documentation of the program that shows it.",
	},
	Reconnects: reconnectsUnknown,
}, {
	Low: 0, High: 999, Sender: Nobody,
	Meaning: "Not in use: RFC 6455 begins at 1000. Chromium and Firefox hand such a number to the page as a clean close " +
		"when a server sends it.",
	Causes: []string{
		"A server or proxy that puts an HTTP status (say, 502) or an exit code into the close frame.",
		"0 in a log: the program had no code to show.",
	},
	Remedy: []string{
		check,
		around,
		"Read the number as an HTTP status, and look into the log of the proxy at that time.",
	},
	Reconnects: reconnectsUnknown,
}}

// beyond are the ranges above the protocol's own codes.
var beyond = []Code{{
	Low: 1016, High: 2999, Sender: Nobody,
	Meaning: "Kept for later versions of the protocol and its extensions; none is registered, so nobody may send one. The " +
		"browsers measured pass it on to the page all the same.",
	Causes: []string{
		"An application that took a number for its own use: such belong to 4000-4999.",
		"A faulty websocket library in a proxy or server.",
	},
	Remedy: []string{
		check,
		around,
		"Search the product that sends it for the number.",
	},
	Reconnects: reconnectsUnknown,
}, {
	Low: 3000, High: 3999, Sender: Either, OnWire: true,
	Meaning: "For libraries and frameworks, which register their numbers with IANA (3000 Unauthorized, 3003 Forbidden and " +
		"3008 Timeout among them). DRP was not seen to send any: a gateway or its framework speaks.",
	Causes: []string{
		"3000 or 3003: a gateway found the login missing, expired or without rights.",
		"3008: a gateway's time limit.",
		"Others: the framework that the gateway is built with.",
	},
	Remedy: []string{
		check,
		"Log in again, and reload the portal's page.",
		"Look the number up in IANA's registry \"WebSocket Close Code Number\" and in the gateway's log.",
	},
	Reconnects: reconnectsUnknown,
}, {
	Low: 4000, High: 4999, Sender: Either, OnWire: true,
	Meaning: "Private: the application alone knows what it means. DRP answers such a code with the same, and was not seen " +
		"to send one of its own accord.",
	Causes: []string{
		"A gateway, ingress or security product in front of DRP.",
		"The page or a script closed the socket with a number of its own.",
	},
	Remedy: []string{
		check,
		around,
		"Search the documentation and the log of the product in front of DRP for the number and the reason beside it.",
	},
	Reconnects: reconnectsUnknown,
}, {
	Low: 5000, High: math.MaxInt, Sender: Nobody,
	Meaning: "No close code: RFC 6455 ends at 4999, and the wire at 65535. The browsers measured pass on what a " +
		"server sends up to there, as a clean close.",
	Causes: []string{
		"A faulty server or proxy; swapped bytes, if the number read backwards is a code (59395 is 1000).",
		"The number is no websocket close code but a program's own.",
	},
	Remedy: []string{
		check,
		around,
		"Update the one that sends it.",
	},
	Reconnects: reconnectsUnknown,
}}
