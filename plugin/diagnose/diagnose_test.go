package diagnose

import (
	"testing"

	"ws-diagnose/plugin/trace"
)

func TestEmptyTraces(t *testing.T) {
	reports := Diagnose(trace.Evidence{Traces: []*trace.Trace{nil, {}}}, Policy{})
	if len(reports) != 2 {
		t.Fatalf("%d reports for two traces", len(reports))
	}
	for _, r := range reports {
		if r.Verdict != VerdictOK || len(r.Findings) != 0 || r.Summary != "nothing was checked" {
			t.Errorf("an empty trace gives %+v", r)
		}
	}
}
