package probe

import (
	"context"
	"errors"
	"strings"
	"time"

	"ws-diagnose/plugin/trace"
)

// stage is one row of the walk.
type stage struct {
	name trace.StageName
	// share is the tenths of the whole timeout that the stage may take, most says its upper
	// limit; 0 is none. The shares add up to more than ten: one stage that hangs must leave time
	// for the next to tell why, but only few will hang in one check.
	share int
	most  time.Duration
	needs func(*walk) string                 // what is missing, "" when nothing is
	run   func(*walk, context.Context) error // the error says why the stage failed
	extra func(*walk) time.Duration          // time beyond the limit that the user asked for
}

// stages is the walk, in the order of trace.StageNames.
var stages = []stage{
	{name: trace.StageResolve, share: 4, needs: nothing, run: (*walk).resolve},
	{name: trace.StageConnect, share: 5, needs: (*walk).needAddresses, run: (*walk).connect},
	{name: trace.StageTLS, share: 6, needs: (*walk).needConnection, run: (*walk).handshake},
	{name: trace.StageCertificate, share: 4, needs: (*walk).needCertificate, run: (*walk).certificate},
	{name: trace.StageHTTP, share: 5, needs: (*walk).needStream, run: (*walk).request},
	{name: trace.StageUpgrade, share: 3, needs: (*walk).needAnswer, run: (*walk).upgrade},
	{name: trace.StageRegister, share: 3, needs: (*walk).needDRPSocket, run: (*walk).register},
	{name: trace.StageEvent, share: 4, needs: (*walk).needRegistration, run: (*walk).event},
	{name: trace.StagePing, share: exchangeShare, most: exchangeMost, needs: (*walk).needSocket, run: (*walk).ping, extra: (*walk).listening},
	{name: trace.StageClose, share: exchangeShare, most: exchangeMost, needs: (*walk).needSocket, run: (*walk).bye},
}

func nothing(*walk) string { return "" }

// budget is how long the stage may take.
func (s *stage) budget(w *walk) time.Duration {
	d := w.opts.Timeout * time.Duration(s.share) / 10
	if s.most > 0 {
		d = min(d, s.most)
	}
	if s.extra != nil {
		d += s.extra(w)
	}
	return d
}

// walk is one check under way: the evidence so far, and what the stages hand to each other.
type walk struct {
	target trace.Target
	opts   Options
	tr     *trace.Trace
	secret *scrubber

	life   context.Context // the whole check's: its end closes every connection
	port   int             // where resolve's addresses are dialled
	conn   *link           // the connection of the walk, nil before connect and after it failed
	sock   *session        // the websocket, nil before the upgrade
	key    string          // Sec-WebSocket-Key of the walk's request
	filter string          // registered and acknowledged, "" when it was not
	told   bool            // a stage has failed because the socket has ended
	listen time.Duration   // how long the ping stage listens first
}

func newWalk(ctx context.Context, target trace.Target, o Options) *walk {
	w := &walk{life: ctx, target: target, opts: o, secret: &scrubber{}, tr: &trace.Trace{
		Target:  target,
		Time:    time.Now(),
		Timeout: o.Timeout,
		Stages:  make([]trace.Stage, 0, len(stages)),
	}}
	if user, password, ok := strings.Cut(o.ProxyAuth, ":"); ok {
		w.secret.add(Credentials{User: user, Password: password})
	}
	return w
}

// close ends what the walk holds.
func (w *walk) close() {
	if w.sock != nil {
		w.sock.stop()
	}
	if w.conn != nil {
		w.conn.Close()
	}
}

// whyLate is why stages after the deadline are skipped.
const whyLate = "the check's deadline came first"

// step walks one stage and notes its outcome.
func (w *walk) step(ctx context.Context, s *stage) {
	why := s.needs(w)
	if spent(ctx) && (why == "" || w.tr.Late) {
		why, w.tr.Late = whyLate, true // and if a connection is missing, then for that reason
	}
	if why != "" {
		w.tr.Stages = append(w.tr.Stages, trace.Stage{Name: s.name, Outcome: trace.Skipped, Why: why})
		return
	}
	if w.opts.Progress != nil {
		w.opts.Progress(s.name)
	}
	begin := time.Now()
	sctx, cancel := context.WithDeadline(ctx, begin.Add(s.budget(w)))
	err := s.run(w, sctx)
	cancel()
	out := trace.Stage{Name: s.name, Outcome: trace.OK, Duration: time.Since(begin)}
	if err != nil {
		out.Outcome, out.Why = trace.Failed, w.secret.text(err.Error())
		w.tr.Late = w.tr.Late || spent(ctx)
		w.tellEnd(s.name)
	}
	w.tr.Stages = append(w.tr.Stages, out)
}

// tellEnd notes that the first stage to need a socket that had ended has failed for it; only the
// stages after that one are skipped.
func (w *walk) tellEnd(stage trace.StageName) {
	if w.sock == nil || !w.sock.over() || w.told {
		return
	}
	w.told = true
	if w.sock.end != nil {
		w.sock.end.Stage = stage
	}
}

// spent says whether ctx is over. A connection's deadline of the same moment may strike before the
// context's own timer.
func spent(ctx context.Context) bool {
	t, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(t)
}

func (w *walk) needAddresses() string {
	if w.tr.Resolve == nil || len(w.tr.Resolve.Addresses) == 0 {
		return "no address"
	}
	return ""
}

func (w *walk) needConnection() string {
	switch {
	case w.conn == nil:
		return "no connection"
	case !w.target.Secure():
		return "not spoken over TLS"
	}
	return ""
}

// needStream: HTTP needs a connection, and over it the TLS that the scheme asks for.
func (w *walk) needStream() string {
	switch {
	case w.target.CertOnly:
		return "only the certificate was to be looked at"
	case w.conn == nil:
		return "no connection"
	case w.target.Secure() && w.conn.tls == nil:
		return "no TLS"
	}
	return ""
}

func (w *walk) needAnswer() string {
	switch {
	case w.target.CertOnly:
		return "only the certificate was to be looked at"
	case w.tr.HTTP == nil || w.tr.HTTP.Status == 0 || w.tr.HTTP.Malformed != "" || w.tr.HTTP.Partial:
		return "no answer to the upgrade request"
	}
	return ""
}

func (w *walk) needSocket() string {
	switch {
	case w.sock == nil:
		return "no websocket"
	case w.told:
		return "the websocket ended before"
	}
	return ""
}

func (w *walk) needDRPSocket() string {
	if w.target.Plain {
		return "not a DRP endpoint"
	}
	return w.needSocket()
}

func (w *walk) needRegistration() string {
	if why := w.needDRPSocket(); why != "" {
		return why
	}
	if w.filter == "" {
		return "not registered"
	}
	return ""
}

// errDeadline is what a stage returns when its time is over.
var errDeadline = errors.New("no answer in time")
