package faults

import "time"

// drpCases are a DRP endpoint with one fault in its protocol.
func drpCases() []Case {
	return []Case{
		{Name: "drp-healthy", DRP: true, What: "a DRP endpoint without fault", Start: endpoint(drp{})},
		{Name: "drp-busy", DRP: true, What: "2,000 events of others between the answers", Start: endpoint(drp{noise: 2000})},
		{Name: "drp-no-token", DRP: true, Finding: "upgrade-unauthorized", Check: Check{NoToken: true}, What: "healthy, but the check has no credentials", Start: endpoint(drp{})},
		{Name: "drp-token-dead", DRP: true, Finding: "upgrade-forbidden", What: "every token is refused: expired", Start: endpoint(drp{refuse: true})},
		{Name: "drp-origin", DRP: true, Finding: "upgrade-origin", What: "403 with the portal's Origin", Start: endpoint(drp{noOrigin: true})},
		{Name: "drp-wrong-path", DRP: true, Finding: "upgrade-not-found", What: "the file port: 404 for the API", Start: play(status(404))},
		{Name: "drp-proxy-drops-upgrade", DRP: true, Finding: "upgrade-not-switched", What: "a proxy without Upgrade: the API works, the socket gets 400", Start: endpoint(drp{noUpgrade: true})},
		{Name: "drp-no-ack", DRP: true, Finding: "ws-no-ack", What: "register is never acknowledged", Start: endpoint(drp{noAck: true})},
		{Name: "drp-wrong-ack", DRP: true, Finding: "ws-no-ack", What: "another registration is acknowledged", Start: endpoint(drp{wrongAck: true})},
		{Name: "drp-no-event", DRP: true, Finding: "ws-no-event", What: "the posted event never arrives", Start: endpoint(drp{noEvent: true})},
		{Name: "drp-post-forbidden", DRP: true, Finding: "ws-no-event", What: "posting an event is refused with 403", Start: endpoint(drp{post: 403})},
		{Name: "drp-post-fails", DRP: true, Finding: "ws-no-event", What: "posting an event is answered with 500", Start: endpoint(drp{post: 500})},
		{Name: "drp-slow", DRP: true, Finding: "ws-slow", Check: Check{LatencyWarn: 20 * time.Millisecond}, What: "the event arrives late", Start: endpoint(drp{delay: 300 * time.Millisecond})},
		{Name: "drp-no-pong", DRP: true, Finding: "ws-no-pong", What: "pings are not answered", Start: endpoint(drp{manners: manners{noPong: true}})},
		{Name: "drp-close-ignored", DRP: true, Finding: "ws-close-ignored", What: "our close frame is not answered", Start: endpoint(drp{manners: manners{noClose: true}})},
		{Name: "drp-closes-on-register", DRP: true, Finding: "ws-closed", What: "closes with 1009 when register comes", Start: endpoint(drp{closes: 1009})},
		{Name: "drp-drops-on-register", DRP: true, Finding: "ws-dropped", What: "ends by FIN when register comes", Start: endpoint(drp{drops: true})},
		{Name: "drp-drops-on-event", DRP: true, Finding: "ws-dropped", What: "ends by FIN when the event is posted", Start: endpoint(drp{dropsEvent: true})},
		{Name: "drp-ack-not-json", DRP: true, Finding: "ws-no-ack", What: "register is answered with something that is not JSON", Start: endpoint(drp{ackText: "OK registered"})},
		{Name: "drp-info-garbage", DRP: true, What: "the info is not JSON, all else works", Start: endpoint(drp{info: "<html>"})},
		{Name: "drp-info-wrong-types", DRP: true, What: "the info is JSON of other types, all else works", Start: endpoint(drp{info: `{"id":7,"api_port":"x","features":{}}`})},
		{Name: "drp-info-denied", DRP: true, What: "the info is refused with 403, all else works", Start: endpoint(drp{infoStatus: 403})},
		{Name: "drp-self-signed", DRP: true, Host: "127.0.0.1", Finding: "cert-self-signed", What: "healthy, with a self-signed certificate as DRP makes it", Start: endpoint(drp{selfSigned: true})},
	}
}
