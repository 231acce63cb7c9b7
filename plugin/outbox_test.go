package plugin

import (
	"slices"
	"testing"
)

// TestOutbox has jobs run in their order, those that wait at the end too, and more than there is room
// for be refused.
func TestOutbox(t *testing.T) {
	o := newOutbox()
	started, goOn, done := make(chan bool), make(chan bool), make(chan bool)
	o.put(func() { close(started); <-goOn })
	<-started
	var ran, want []int
	for i := range outboxSize - 1 {
		want = append(want, i)
		if !o.put(func() { ran = append(ran, i) }) {
			t.Fatalf("the job %d is refused", i)
		}
	}
	o.put(func() { close(done) })
	if o.put(func() {}) {
		t.Error("there is room for more than there should be")
	}
	o.close()
	close(goOn)
	<-done
	if !slices.Equal(ran, want) {
		t.Errorf("ran: %v", ran)
	}
}
