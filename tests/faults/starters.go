package faults

import (
	"crypto/tls"
	"testing"
)

// play starts a server with a faultless certificate that plays s.
func play(s script) starter {
	return func(tb testing.TB, pki *PKI) *Server {
		return listen(tb, overTLS(config(pki.Leaf().Serve()), s))
	}
}

// tlsWith starts a faultless websocket server but for what edit changes in its TLS settings.
func tlsWith(edit func(*PKI, *tls.Config)) starter {
	return func(tb testing.TB, pki *PKI) *Server {
		cfg := config(pki.Leaf().Serve())
		edit(pki, cfg)
		return listen(tb, overTLS(cfg, healthy))
	}
}

// leaf starts a server with a certificate of the root, faultless but for the edits.
func leaf(edits ...Edit) starter {
	return chain(func(p *PKI) []*Identity { return []*Identity{p.Mint(p.Root, edits...)} })
}

// selfSigned starts a server with a certificate signed by itself.
func selfSigned(edits ...Edit) starter {
	return chain(func(p *PKI) []*Identity {
		return []*Identity{p.Mint(nil, append([]Edit{keyName("self")}, edits...)...)}
	})
}

// chain starts a server with the certificates that mint returns, the leaf first.
func chain(mint func(*PKI) []*Identity) starter {
	return trusting(func(p *PKI) (served, roots []*Identity) { return mint(p), nil })
}

// trusting is as chain, with further roots to be trusted.
func trusting(mint func(*PKI) (served, roots []*Identity)) starter {
	return func(tb testing.TB, pki *PKI) *Server {
		served, roots := mint(pki)
		s := listen(tb, overTLS(config(served[0].Serve(served[1:]...)), healthy))
		for _, r := range roots {
			s.Roots = append(s.Roots, r.PEM()...)
		}
		return s
	}
}

// below starts a server whose leaf was signed by an intermediate made with edits, both sent.
func below(name string, edits ...Edit) starter {
	return chain(func(p *PKI) []*Identity {
		i := p.Intermediate(name, edits...)
		return []*Identity{p.Mint(i), i}
	})
}
