package diagnose

import (
	"crypto/x509"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ws-diagnose/plugin/trace"
)

// scramble fills v with random values: nil pointers, empty slices, odd numbers and strings.
func scramble(v reflect.Value, r *rand.Rand, depth int) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(runTime.Add(time.Duration(r.Int64N(int64(4000*day))) - 2000*day)))
		return
	case netip.AddrPort:
		if r.IntN(2) == 0 {
			v.Set(reflect.ValueOf(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.Uint32())}), 8092)))
		}
		return
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.AddrFrom4([4]byte{203, 0, 113, byte(r.Uint32())})))
		return
	case *x509.Certificate:
		if r.IntN(4) > 0 {
			v.Set(reflect.ValueOf(&x509.Certificate{
				NotBefore: runTime.AddDate(0, 0, -r.IntN(400)), NotAfter: runTime.AddDate(0, 0, r.IntN(800)-400),
			}))
		}
		return
	case http.Header:
		if r.IntN(2) == 0 {
			v.Set(reflect.ValueOf(http.Header{"Date": {"x"}, "Strict-Transport-Security": {"max-age=1"}}))
		}
		return
	}
	scrambleKind(v, r, depth)
}

func scrambleKind(v reflect.Value, r *rand.Rand, depth int) {
	switch v.Kind() {
	case reflect.Pointer:
		if depth > 0 && r.IntN(5) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			scramble(v.Elem(), r, depth-1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			scramble(v.Field(i), r, depth)
		}
	case reflect.Slice:
		n := r.IntN(3)
		if depth == 0 {
			n = 0
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			scramble(v.Index(i), r, depth-1)
		}
	case reflect.String:
		v.SetString(pick(r, "", hostile, "timeout", "fin", "ok", "refused", "without-origin", "info", "expired", "wrong"))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(pick(r, 0, 1, -1, 40, 70, 101, 200, 401, 403, 404, 502, 1000, 1006, 1009, int64(time.Minute), 1<<62, -1<<63))
	case reflect.Uint8, reflect.Uint16:
		v.SetUint(pick(r, uint64(0), 1, 22, 29))
	}
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// random is evidence that no network ever made, with stages as the walk leaves them.
func random(r *rand.Rand) trace.Evidence {
	ev := trace.Evidence{Time: runTime, History: map[string]*trace.Watch{}, Known: map[string]trace.Known{}}
	for range r.IntN(3) + 1 {
		t := &trace.Trace{}
		scramble(reflect.ValueOf(t).Elem(), r, 5)
		t.Target.Role = pick(r, trace.RoleEndpoint, trace.RoleLoopback, trace.RoleStatic)
		t.Stages = nil
		for _, name := range trace.StageNames {
			t.Stages = append(t.Stages, trace.Stage{Name: name, Outcome: pick(r, trace.OK, trace.Failed, trace.Skipped)})
		}
		w := &trace.Watch{}
		scramble(reflect.ValueOf(w).Elem(), r, 5)
		ev.History[t.Target.ID()] = w
		ev.Known[t.Target.ID()] = trace.Known{SHA256: "ab", Seen: runTime}
		ev.Traces = append(ev.Traces, t)
	}
	scramble(reflect.ValueOf(&ev.Schedule).Elem(), r, 3)
	return ev
}

// TestAnyEvidence feeds random evidence in: nothing panics, the earliest failed stage has a finding,
// causes stand before what depends on them, and the verdict is that of the worst finding.
func TestAnyEvidence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		ev := random(r)
		policy := Policy{PortalURL: "https://portal.rackn.io", RequireTrusted: r.IntN(2) == 0}
		reports := Diagnose(ev, policy)
		if diff := cmp.Diff(reports, Diagnose(ev, policy)); diff != "" {
			t.Fatalf("two reports of the same evidence differ:\n%s", diff)
		}
		for _, report := range reports {
			checkReport(t, report)
		}
	})
}

func checkReport(t *rapid.T, r Report) {
	if r.Summary == "" || r.Verdict != verdict(r.Findings) {
		t.Fatalf("summary %q, verdict %q", r.Summary, r.Verdict)
	}
	ids := map[string]int{}
	for i, f := range r.Findings {
		if _, doubled := ids[f.ID]; doubled {
			t.Fatalf("%s stands there twice", f.ID)
		}
		ids[f.ID] = i
		if f.Title == "" || f.Cause == "" || f.Remedy == nil || rank(f.Level) < 0 {
			t.Fatalf("unfinished finding %+v", f)
		}
		for _, cause := range f.DependsOn {
			if _, before := ids[cause]; !before {
				t.Fatalf("%s stands before %s, on which it depends", f.ID, cause)
			}
		}
	}
	explained := func(f Finding) bool {
		return f.Level == LevelError && stageRank(f.Stage) <= stageRank(r.FailedStage) || tolerated[f.ID] ||
			slices.Contains(endings, f.ID)
	}
	if r.FailedStage != "" && !slices.ContainsFunc(r.Findings, explained) {
		t.Fatalf("stage %s failed and no finding says why: %+v", r.FailedStage, r.Findings)
	}
}

// TestBareFailures: a stage that failed without any evidence has a finding of its own, on time or late.
func TestBareFailures(t *testing.T) {
	for _, name := range trace.StageNames[:len(trace.StageNames)-1] {
		for _, late := range []bool{false, true} {
			tr := &trace.Trace{Late: late, Stages: []trace.Stage{{Name: name, Outcome: trace.Failed, Why: "reason"}}}
			r := Diagnose(trace.Evidence{Time: runTime, Traces: []*trace.Trace{tr}}, Policy{})[0]
			if r.FailedStage != string(name) || len(r.Findings) != 1 || r.Findings[0].Stage != string(name) ||
				r.Findings[0].Level != LevelError {
				t.Errorf("%s, late %t: failed at %q with %+v", name, late, r.FailedStage, r.Findings)
			}
		}
	}
}
