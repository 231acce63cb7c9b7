package proxies

import (
	"time"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
	"ws-diagnose/plugin/watch"
)

// scenario is what happens to a watched socket. It goes on until the finding is seen in what the
// watcher knows, or until the socket has outlived what it would have died of.
type scenario func(l *lab, see func() *trace.Watch, found func() bool)

// shortSilence is what the faulty setups allow. It could not be much shorter: what dies within two seconds
// is no idle timeout to the rules, and a busy machine must keep within their 5 %.
const shortSilence = 4 * time.Second

// silence leaves the socket alone.
func silence(l *lab, see func() *trace.Watch, found func() bool) {
	l.until(func() bool { return found() || see().Survived > 2*shortSilence })
}

// reloads has the proxy read its configuration again, a socket being open each time. Four drops are
// flapping; two more are for a machine too busy to drop in time.
func reloads(l *lab, see func() *trace.Watch, found func() bool) {
	for n := 1; n <= 6 && !found(); n++ {
		l.until(func() bool { return see().Open })
		before := see()
		if err := l.proxy.Reload(l.config); err != nil {
			l.t.Fatal(err)
		}
		l.until(func() bool {
			now := see()
			return len(now.Ends) > len(before.Ends) || now.Survived > before.Survived+2*time.Second
		})
	}
}

// endpointGone stops the first endpoint under the open socket, unless that was done before.
func endpointGone(l *lab, see func() *trace.Watch, _ func() bool) {
	l.until(func() bool { return see().Open })
	if err := l.drp.StopAPI(); err != nil {
		l.t.Fatal(err)
	}
	l.until(func() bool {
		now := see()
		gone := len(now.Ends) > 0 && now.Ends[0].Tally.Gateway > 0
		return gone || now.Open && now.Survived > 2*time.Second
	})
}

// watch holds the portal's socket open under a scenario and judges what came of it, as the watch command
// does, by what a check finds afterwards as well.
func (l *lab) watch(s scenario, finding string) diagnose.Report {
	seen := probe.Check(l.t.Context(), l.target, l.options)
	w := watch.Start(l.t.Context(), watch.Options{Open: watch.Prober(l.target, l.options)})
	defer w.Stop()
	s(l, w.Snapshot, func() bool { return first(l.judge(seen, w.Snapshot())) == finding })
	return l.judge(probe.Check(l.t.Context(), l.target, l.options), w.Snapshot())
}
