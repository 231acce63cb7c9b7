package alert

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gitlab.com/rackn/provision/v4/api"
)

// serve returns a store whose server answers every request with status and body, and what it was
// asked.
func serve(t *testing.T, status int, body string) (*Server, *[]string) {
	t.Helper()
	var asked []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		asked = append(asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(text)))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	client, err := api.TokenSessionProxyServer(server.URL, "token", false, false, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return NewServer(client), &asked
}

func TestServerCalls(t *testing.T) {
	ctx := context.Background()
	a := Alert{UUID: "u-1", Name: "n", Level: "Warn", Contents: "c", Params: map[string]any{"ws-diagnose/a~b": 1}}
	s, asked := serve(t, 200, `{"Uuid":"u-2","Name":"n","Time":"2026-01-01T00:00:00Z","Params":{}}`)
	made, err := s.Create(ctx, Alert{Name: "n", Level: "Warn", Contents: "c"})
	if err != nil || made.UUID != "u-2" || made.Time.IsZero() {
		t.Errorf("%+v, %v", made, err)
	}
	if err := errors.Join(s.Update(ctx, a), s.Acknowledge(ctx, "u-1")); err != nil {
		t.Error(err)
	}
	want := []string{
		`POST /api/v3/alerts?unique=true {"Name":"n","Level":"Warn","Contents":"c"}`,
		`PATCH /api/v3/alerts/u-1 [{"op":"test","path":"/Acknowledged","value":false},{"op":"add","path":"/Level","value":"Warn"},` +
			`{"op":"add","path":"/Contents","value":"c"},{"op":"add","path":"/Note","value":""},` +
			`{"op":"add","path":"/Params/ws-diagnose~1a~0b","value":1}]`,
		`POST /api/v3/alerts/u-1/acknowledge {}`,
	}
	if diff := cmp.Diff(want, *asked); diff != "" {
		t.Error(diff)
	}
}

func TestServerList(t *testing.T) {
	s, asked := serve(t, 200, `[null,{"Uuid":"o","Name":"of others"},{"Uuid":"u","Name":"ws-diagnose ws-dropped h 1","Acknowledged":true,
		"Params":{"ws-diagnose/finding":"ws-dropped","ws-diagnose/target":"https://h:1","ws-diagnose/story":{"gone":2}}}]`)
	list, err := s.List(context.Background(), true)
	if err != nil || len(list) != 1 || list[0].UUID != "u" || list[0].story().Gone != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	if want := []string{"GET /api/v3/alerts?Acknowledged=Eq%28true%29&limit=500&offset=0"}; !cmp.Equal(*asked, want) {
		t.Errorf("%q", *asked)
	}
}

// TestServerListInPages has more alerts than one answer should hold, ours the last of them, and a
// server that gives the same page again and again.
func TestServerListInPages(t *testing.T) {
	page := "[" + strings.Repeat(`{"Uuid":"o","Name":"of others"},`, pageSize-1)
	ours := `{"Uuid":"u","Name":"ws-diagnose ws-dropped h 1","Params":{"ws-diagnose/finding":"ws-dropped","ws-diagnose/target":"https://h:1"}}]`
	s, asked := serve(t, 200, page+ours)
	list, err := s.List(context.Background(), false)
	if err != nil || len(list) != 1 || len(*asked) != maxPages || !strings.HasSuffix((*asked)[1], "&limit=500&offset=500") {
		t.Errorf("%d alerts, asked %d times, %v", len(list), len(*asked), err)
	}
}

func TestServerTroubles(t *testing.T) {
	noRoute := `{"Model":"","Key":"/api/v3/alerts","Type":"GET","Messages":["No route"],"Code":404}`
	for status, want := range map[int]error{404: ErrUnsupported, 405: ErrUnsupported, 401: ErrRefused, 403: ErrRefused} {
		body := noRoute
		if status != 404 {
			body = ""
		}
		s, asked := serve(t, status, body)
		if _, err := s.List(context.Background(), false); !errors.Is(err, want) {
			t.Errorf("%d: %v", status, err)
		}
		if len(*asked) != 1 {
			t.Errorf("%d: asked %d times", status, len(*asked))
		}
	}
	s, _ := serve(t, 500, `{"Code":500,"Messages":["oops"]}`)
	if _, err := s.List(context.Background(), false); err == nil || errors.Is(err, ErrUnsupported) || errors.Is(err, ErrRefused) {
		t.Errorf("500: %v", err)
	}
}

// FuzzStory has anything at all stand where our record should be.
func FuzzStory(f *testing.F) {
	f.Add(`{"gone":1,"gone_since":"2026-01-01T00:00:00Z"}`)
	f.Add(`{"gone":"x"}`)
	f.Add(`{"gone":3,"returns":-5}`)
	f.Add(`{"gone":9223372036854775807,"returns":9223372036854775807}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		var value any
		if json.Unmarshal([]byte(text), &value) != nil {
			return
		}
		a := Alert{UUID: "u", Name: Name("ws-dropped", modelTarget), Params: map[string]any{
			paramFinding: "ws-dropped", paramTarget: modelTarget, paramStory: value}}
		m := &Memory{}
		Plan([]Alert{a}, nil, m, time.Unix(0, 0), usual)
		m.Observe(nil, Run{Time: time.Unix(1, 0), Scheduled: true, Complete: true}, usual)
		Plan([]Alert{a}, nil, m, time.Unix(2, 0), usual)
		if len(m.causes) != 1 {
			t.Errorf("%d causes", len(m.causes))
		}
	})
}
