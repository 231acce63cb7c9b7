package proxies

import (
	"time"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
	"ws-diagnose/plugin/watch"
)

// scenario is what happens to a watched socket: with a faulty setup until the finding is seen in what the
// watcher knows, with a mended one until the socket has outlived what it died of before.
type scenario struct {
	faulty func(l *lab, see func() *trace.Watch, found func() bool)
	mended func(l *lab, see func() *trace.Watch)
}

// shortSilence is what the faulty setups allow. It could not be much shorter: what dies within two seconds
// is no idle timeout to the rules, and a busy machine must keep within their 5 %.
const shortSilence = 4 * time.Second

// silence leaves the socket alone.
var silence = &scenario{
	faulty: func(l *lab, _ func() *trace.Watch, found func() bool) { l.until(found) },
	mended: func(l *lab, see func() *trace.Watch) {
		l.until(func() bool { return see().Survived > 2*shortSilence })
	},
}

// reloads has the proxy read its configuration again, a socket being open each time.
var reloads = &scenario{
	faulty: func(l *lab, see func() *trace.Watch, found func() bool) {
		for !found() {
			l.until(func() bool { return see().Open })
			before := len(see().Ends)
			l.reload(l.config)
			l.until(func() bool { return len(see().Ends) > before })
		}
	},
	mended: func(l *lab, see func() *trace.Watch) {
		l.until(func() bool { return see().Open })
		for range 4 {
			l.reload(l.config)
		}
		l.until(func() bool { return see().Survived > 3*time.Second })
	},
}

// endpointGone stops the first endpoint under the open socket; with a mended setup it is away still.
var endpointGone = &scenario{
	faulty: func(l *lab, see func() *trace.Watch, _ func() bool) {
		l.until(func() bool { return see().Open })
		if err := l.drp.StopAPI(); err != nil {
			l.t.Fatal(err)
		}
		l.until(func() bool { ends := see().Ends; return len(ends) > 0 && ends[0].Tally.Gateway > 0 })
	},
	mended: func(l *lab, see func() *trace.Watch) {
		l.until(func() bool { return see().Open })
	},
}

// watch holds the portal's socket open while play goes on, and judges what came of it, as the watch
// command does, by what a check finds afterwards as well.
func (l *lab) watch(play func(see func() *trace.Watch)) diagnose.Report {
	w := watch.Start(l.t.Context(), watch.Options{Open: watch.Prober(l.target, l.options)})
	defer w.Stop()
	play(w.Snapshot)
	return l.judge(probe.Check(l.t.Context(), l.target, l.options), w.Snapshot())
}

// watchFaulty ends with the finding.
func (l *lab) watchFaulty(s *scenario, finding string) diagnose.Report {
	seen := probe.Check(l.t.Context(), l.target, l.options)
	return l.watch(func(see func() *trace.Watch) {
		s.faulty(l, see, func() bool { return first(l.judge(seen, see())) == finding })
	})
}

// watchMended ends in peace.
func (l *lab) watchMended(s *scenario) diagnose.Report {
	return l.watch(func(see func() *trace.Watch) { s.mended(l, see) })
}
