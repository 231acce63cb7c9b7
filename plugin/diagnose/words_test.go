package diagnose

import (
	"testing"
	"time"

	"ws-diagnose/plugin/trace"
)

// TestPlainAnswers: a server that asks a plain request for TLS speaks TLS.
func TestPlainAnswers(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{200, "<html>", "plain HTTP"},
		{400, "no such page", "plain HTTP"},
		{0, "", ""},
		{400, "Client sent an HTTP request to an HTTPS server.\n", ""},
		{400, "<center>The plain HTTP request was sent to HTTPS port</center>", ""},
		{400, "Reason: You're speaking plain HTTP to an SSL-enabled server port.", ""},
	} {
		seen := &trace.TLS{PlainHTTP: &trace.HTTP{Answer: trace.Answer{Status: c.status, Body: []byte(c.body)}}}
		if got := speaks(seen); got != c.want {
			t.Errorf("%d %q: %q, want %q", c.status, c.body, got, c.want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 12 * time.Millisecond: "12 ms", 1500 * time.Millisecond: "1.5 s", 3 * time.Second: "3 s",
		350 * time.Second: "350 s", 15 * time.Minute: "15 minutes", 5 * time.Hour: "5 hours", 35 * day: "35 days", -3 * day: "3 days",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestDaysLeft(t *testing.T) {
	for left, want := range map[time.Duration]int{
		0: 0, time.Hour: 0, 25 * time.Hour: 1, -time.Hour: -1, -24 * time.Hour: -1, -25 * time.Hour: -1, -73 * time.Hour: -3, 210 * day: 210,
	} {
		if got := daysLeft(left); got != want {
			t.Errorf("daysLeft(%v) = %d, want %d", left, got, want)
		}
	}
}

func TestPublicSite(t *testing.T) {
	for page, want := range map[string]bool{
		"https://portal.rackn.io": true, "https://203.0.113.9/ux": true, "https://10.0.0.5:8092/ux": false,
		"https://[fd00::1]/": false, "https://100.64.0.1": false, "https://drp/ux": false, "https://drp.internal": false,
		"http://localhost:8080": false, "": false, "::": false,
	} {
		if got := publicSite(page); got != want {
			t.Errorf("publicSite(%q) = %t, want %t", page, got, want)
		}
	}
}
