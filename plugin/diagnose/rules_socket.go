package diagnose

import (
	"fmt"
	"net/http"

	"ws-diagnose/plugin/trace"
)

// wsNoAck is about silence: where the socket ended under the stage, the end is the finding.
func wsNoAck(s *scene) []sighting {
	if s.Socket == nil || !unanswered(s, s.Socket.Register, trace.StageRegister) {
		return nil
	}
	return []sighting{{detail: silence(s.Socket.Register.Error, s.Stage(trace.StageRegister))}}
}

func wsNoPong(s *scene) []sighting {
	if s.Socket == nil || !unanswered(s, s.Socket.Ping, trace.StagePing) {
		return nil
	}
	return []sighting{{detail: silence(s.Socket.Ping.Error, s.Stage(trace.StagePing))}}
}

// unanswered says that x was sent under the stage and nothing came back over a socket that lived.
func unanswered(s *scene, x *trace.Exchange, stage trace.StageName) bool {
	return x != nil && x.Sent && !x.Answered && !endedUnder(s, stage)
}

// endedUnder says that the socket's own end explains the stage.
func endedUnder(s *scene, stage trace.StageName) bool {
	e := s.end()
	return e != nil && endStage(e) == stage && e.Manner != trace.EndTimeout
}

// silence tells for how long nothing came.
func silence(err string, st trace.Stage) string {
	detail := "nothing came back in " + span(st.Duration)
	if err != "" {
		detail += "; " + plain(err)
	}
	return detail
}

// wsNoEvent warns only where the token may not post events: the socket itself may be fine.
func wsNoEvent(s *scene) []sighting {
	if s.Socket == nil || s.Socket.Event == nil || s.Socket.Event.Arrived || endedUnder(s, trace.StageEvent) {
		return nil
	}
	e := s.Socket.Event
	switch {
	case mayNotPost(s):
		return []sighting{{
			level:  LevelWarn,
			detail: fmt.Sprintf("POST /api/v3/events answered %d: the round trip could not be tried", e.Status),
			values: values{"what": "the token may not post events: the round trip could not be tried"},
			cause: "The token's user lacks the claim to post events, or a proxy lets no POST pass (nginx: limit_except). " +
				"The socket itself is open and registered.",
		}}
	case e.Status/100 == 2:
		return []sighting{{
			detail: fmt.Sprintf("POST /api/v3/events answered %d; %s", e.Status, silence(e.Error, s.Stage(trace.StageEvent))),
			values: values{"what": "registered, but a posted event never arrived"},
		}}
	}
	return []sighting{{
		detail: fmt.Sprintf("POST /api/v3/events answered %d %s", e.Status, plain(e.Error)),
		values: values{"what": "an event could not be posted"},
		cause:  "The request over REST failed, while the socket is open and registered: the endpoint or a proxy refuses POST.",
	}}
}

// mayNotPost says that the token has no right to post an event.
func mayNotPost(s *scene) bool {
	if s.Socket == nil || s.Socket.Event == nil {
		return false
	}
	e := s.Socket.Event
	return !e.Arrived && (e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized)
}

func wsSlow(s *scene) []sighting {
	if s.Socket == nil || s.Socket.Event == nil || !s.Socket.Event.Arrived {
		return nil
	}
	took := s.Socket.Event.Took
	if took <= s.policy.LatencyWarn {
		return nil
	}
	return []sighting{{
		detail: "an event posted over REST came back over the socket after " + span(took),
		values: values{"took": span(took), "limit": span(s.policy.LatencyWarn)},
	}}
}

func wsCloseIgnored(s *scene) []sighting {
	if s.Socket == nil || s.Socket.Close == nil || !s.Socket.Close.Sent || s.Socket.Close.Answered {
		return nil
	}
	e := s.end()
	if e != nil && (e.Close != nil || endStage(e) != trace.StageClose) {
		return nil
	}
	detail := silence(s.Socket.Close.Error, s.Stage(trace.StageClose))
	if e != nil && e.Manner != trace.EndTimeout {
		detail = ending(e.Manner) + " without an answer to our close frame"
	}
	return []sighting{{detail: detail}}
}
