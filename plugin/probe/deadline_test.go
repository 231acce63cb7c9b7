package probe

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"ws-diagnose/plugin/trace"
)

// until is a context that ends as the stage begins.
func until(t *testing.T, stage trace.StageName) (context.Context, Options) {
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	return ctx, Options{Progress: func(s trace.StageName) {
		if s == stage {
			cancel()
		}
	}}
}

// A server that goes silent at a stage: the check comes back, the stage has failed, and what needs
// it is skipped. Where the whole check ends before the stage's own deadline, it is Late.
func TestSilentAt(t *testing.T) {
	t.Parallel()
	config := server(selfSigned(t, nil))
	overTLS := func(handle func(net.Conn)) func(net.Conn) {
		return func(c net.Conn) {
			if s := tls.Server(c, config); s.Handshake() == nil {
				handle(s)
			}
		}
	}
	tests := []struct {
		stage  trace.StageName
		handle func(net.Conn)
	}{
		{trace.StageTLS, hang},
		{trace.StageHTTP, overTLS(hang)},
		{trace.StageHTTP, overTLS(func(c net.Conn) {
			readRequest(c)
			_, _ = io.WriteString(c, "HTTP/1.1 101 S\r\nUpgrade")
			hang(c)
		})},
		{trace.StagePing, overTLS(saying(""))},
		{trace.StageClose, overTLS(func(c net.Conn) {
			wsServer(c, func(ws *websocket.Conn) {
				ws.SetCloseHandler(func(int, string) error { hang(c); return nil })
				readAll(ws)
			})
		})},
	}
	for _, tt := range tests {
		t.Run(string(tt.stage), func(t *testing.T) {
			t.Parallel()
			target := plainTarget(t, "wss", serve(t, tt.handle))
			tr := check(t, target, Options{Timeout: 8 * time.Second})
			outcomes(t, tr, map[trace.StageName]trace.Outcome{tt.stage: trace.Failed})
			if tr.Late {
				t.Error("the stage's own deadline did not come first")
			}
			ctx, o := until(t, tt.stage)
			tr = Check(ctx, target, o)
			outcomes(t, tr, map[trace.StageName]trace.Outcome{tt.stage: trace.Failed})
			if !tr.Late {
				t.Error("the end of the check is not noted")
			}
		})
	}
}

// The same for the stages that only a DRP endpoint has.
func TestSilentDRP(t *testing.T) {
	for stage, d := range map[trace.StageName]*drp{
		trace.StageRegister: {token: "sesame-token", noAck: true},
		trace.StageEvent:    {token: "sesame-token", noEvents: true},
	} {
		ctx, o := until(t, stage)
		o.Credentials = sendAlways(Credentials{Token: d.token})
		tr := Check(ctx, d.start(t), o)
		outcomes(t, tr, map[trace.StageName]trace.Outcome{stage: trace.Failed, trace.StagePing: trace.Skipped, trace.StageClose: trace.Skipped})
		if !tr.Late || tr.Stage(trace.StagePing).Why != whyLate {
			t.Errorf("%s: late %v, ping %+v", stage, tr.Late, tr.Stage(trace.StagePing))
		}
	}
}

// A check that is called off ends at once, and begins nothing.
func TestCalledOff(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	target := plainTarget(t, "wss", serve(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		cancel()
		hang(c)
	}))
	tr := Check(ctx, target, Options{Timeout: time.Hour})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageTLS: trace.Failed, trace.StageHTTP: trace.Skipped})
	if !tr.Late {
		t.Error("not late")
	}
	tr = Check(ctx, target, Options{})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageResolve: trace.Skipped, trace.StageClose: trace.Skipped})
}

func TestProgress(t *testing.T) {
	var told []trace.StageName
	tr := check(t, plainTarget(t, "ws", serve(t, echoServer)), Options{Progress: func(s trace.StageName) { told = append(told, s) }})
	var want []trace.StageName
	for _, s := range tr.Stages {
		if s.Outcome != trace.Skipped {
			want = append(want, s.Name)
		}
	}
	if len(told) != len(want) || len(told) != 6 {
		t.Errorf("told of %v, want %v", told, want)
	}
}

// The deadline of the whole check holds whatever the stages' own are.
func TestDeadline(t *testing.T) {
	t.Parallel()
	tr := check(t, plainTarget(t, "ws", serve(t, saying(""))), Options{Timeout: time.Second, Listen: time.Hour})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StagePing: trace.Failed, trace.StageClose: trace.Failed})
	target := plainTarget(t, "wss", serve(t, hang))
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(100*time.Millisecond))
	defer cancel()
	if tr = Check(ctx, target, Options{Timeout: time.Hour}); !tr.Late {
		t.Errorf("not late: %+v", tr.Stages)
	}
}
