package plugin

import "sync"

// outboxSize is how much may wait: bursts of log lines, not a backlog.
const outboxSize = 256

// outbox runs jobs one after the other in a goroutine of its own. The SDK hands log lines and events
// to the server by a request without a deadline; no check may wait for that.
type outbox struct {
	jobs chan func()
	done chan struct{}
	once sync.Once
}

func newOutbox() *outbox {
	o := &outbox{jobs: make(chan func(), outboxSize), done: make(chan struct{})}
	go func() {
		for {
			select {
			case <-o.done:
				o.rest()
				return
			case job := <-o.jobs:
				job()
			}
		}
	}()
	return o
}

// rest runs what waits at the end.
func (o *outbox) rest() {
	for {
		select {
		case job := <-o.jobs:
			job()
		default:
			return
		}
	}
}

// put has job run soon, or says false when too much is waiting already.
func (o *outbox) put(job func()) bool {
	select {
	case o.jobs <- job:
		return true
	default:
		return false
	}
}

// close ends the outbox once what waits has run, and does not wait for that.
func (o *outbox) close() { o.once.Do(func() { close(o.done) }) }
