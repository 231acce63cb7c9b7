package probe

import (
	"context"
	"io"
	"sync"
	"time"

	"ws-diagnose/plugin/trace"
)

// TLS alerts that have causes which another offer can tell (RFC 8446 section 6.2).
const (
	alertHandshakeFailure = 40
	alertIllegalParameter = 47
	alertDecodeError      = 50
	alertProtocolVersion  = 70
	alertInsufficient     = 71
	alertInternal         = 80
	alertUnrecognizedName = 112
	alertNoApplication    = 120
)

// quietTime is how long a connection on which nobody speaks is watched for a banner or an end.
const quietTime = time.Second

// Bytes of a banner that are kept.
const maxBanner = 256

// causes connects again to tell the causes of a failed handshake apart. The attempts are few and
// go side by side.
func (w *walk) causes(ctx context.Context, t *trace.TLS) {
	offers := offersAfter(&t.Handshake, w.sni() != "")
	t.Retries = make([]trace.Handshake, len(offers))
	var all sync.WaitGroup
	for i, o := range offers {
		all.Go(func() { t.Retries[i] = w.shakeAgain(ctx, o) })
	}
	if silentOrForeign(&t.Handshake) {
		all.Go(func() { t.PlainHTTP = w.plainRequest(ctx) })
		var end trace.Ending
		all.Go(func() { t.Banner, end = w.listenQuietly(ctx) })
		all.Wait()
		// Whoever hangs up on the silent has not been waiting for our hello.
		if t.Read == 0 && len(t.Banner) == 0 && (end == trace.EndFIN || end == trace.EndRST) {
			t.HelloSent = false
		}
	}
	all.Wait()
}

// offersAfter names the offers whose outcome tells why h failed.
func offersAfter(h *trace.Handshake, named bool) []trace.Offer {
	wider := []trace.Offer{trace.OfferOld, trace.OfferWide, trace.OfferP521}
	switch {
	case h.BadCert != "" && len(h.Raw) == 0:
		return []trace.Offer{trace.OfferOld} // below TLS 1.3 the certificate can be read off the wire
	case h.KeyMismatch, h.BadCert != "", h.ClientCert:
		return nil
	case h.Alert == alertUnrecognizedName:
		return []trace.Offer{trace.OfferNoSNI}
	case h.Alert == alertNoApplication:
		return []trace.Offer{trace.OfferNoALPN, trace.OfferH2}
	case h.Alert == alertInternal:
		return append(wider, trace.OfferNoSNI)
	case h.Alert == alertHandshakeFailure, h.Alert == alertProtocolVersion, h.Alert == alertInsufficient:
		if named {
			wider = append(wider, trace.OfferNoSNI)
		}
		return wider
	case h.Alert == alertIllegalParameter, h.Alert == alertDecodeError:
		return []trace.Offer{trace.OfferSmall} // a large ClientHello may have been cut short on its way
	case h.Alert >= 0:
		return nil
	case h.Hello != nil && h.Ended == trace.EndError:
		return append(wider, trace.OfferH2, trace.OfferNoALPN) // Go refused what the server chose
	case h.HelloSent && h.Read == 0:
		return []trace.Offer{trace.OfferSmall, trace.OfferOld}
	case h.Hello == nil && (h.Ended == trace.EndTimeout || h.Ended == trace.EndRST):
		return []trace.Offer{trace.OfferSmall}
	}
	return nil
}

// silentOrForeign says that nothing came, or something that is not TLS.
func silentOrForeign(h *trace.Handshake) bool {
	return h.Read == 0 || !isTLS(h.First)
}

// isTLS says whether b begins like a TLS record of the kinds that a handshake has.
func isTLS(b []byte) bool {
	switch len(b) {
	case 0:
		return true
	case 1:
		return b[0] == recordAlert || b[0] == recordHandshake
	}
	return (b[0] == recordAlert || b[0] == recordHandshake) && b[1] == 3
}

// shakeAgain makes a handshake with another offer on a connection of its own.
func (w *walk) shakeAgain(ctx context.Context, o trace.Offer) trace.Handshake {
	l, err := w.again(ctx)
	if err != nil {
		return trace.Handshake{Offer: o, Alert: -1, Ended: endOf(err), Error: cut(err.Error(), maxError)}
	}
	defer l.Close()
	return shake(l, o, w.sni())
}

// plainRequest asks for the upgrade without TLS.
func (w *walk) plainRequest(ctx context.Context) *trace.HTTP {
	h := &trace.HTTP{Answer: trace.Answer{Origin: w.target.Origin, Alert: -1}}
	l, err := w.again(ctx)
	if err != nil {
		h.Ended, h.Error = endOf(err), cut(err.Error(), maxError)
		return h
	}
	defer l.Close()
	w.ask(l, upgradeRequest{key: newKey(), origin: w.target.Origin}, &h.Answer)
	return h
}

// listenQuietly says nothing and returns what the server says, or how it hangs up.
func (w *walk) listenQuietly(ctx context.Context) ([]byte, trace.Ending) {
	ctx, cancel := context.WithTimeout(ctx, quietTime)
	defer cancel()
	l, err := w.again(ctx)
	if err != nil {
		return nil, endOf(err)
	}
	defer l.Close()
	buf := make([]byte, maxBanner)
	n, err := io.ReadAtLeast(l, buf, 1)
	return buf[:n], endOf(err)
}
