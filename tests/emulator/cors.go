package emulator

import (
	"net/http"
	"strings"
)

// What the server allows pages of other origins: it lists the same for everybody (DRP v3 source,
// frontend.go: all origins, these methods and headers).
const (
	corsMethods = "GET,POST,PUT,DELETE,OPTIONS,PATCH,HEAD"
	corsHeaders = "Origin,X-Requested-With,Content-Type,Cookie,Authorization,Www-Authenticate," +
		"X-Return-Attributes,X-Log-Level,X-Log-Token,Range"
	corsExposed = "Content-Length,Www-Authenticate,Set-Cookie,X-Return-Attributes,X-Drp-List-Count,X-Drp-List-Total-Count"
)

// crossOrigin lets pages of any origin read the answers, as the portal needs it: preflight requests
// are answered before anybody asks for credentials.
func crossOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if origin == "" || strings.TrimPrefix(strings.TrimPrefix(origin, "https://"), "http://") == r.Host {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Credentials", "true")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", corsMethods)
			h.Set("Access-Control-Allow-Headers", corsHeaders)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		h.Set("Access-Control-Expose-Headers", corsExposed)
		next.ServeHTTP(w, r)
	})
}
