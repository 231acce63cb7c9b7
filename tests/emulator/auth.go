package emulator

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/rackn/provision/v4/models"
)

// superuser is the claim on everything.
var superuser = []*models.Claim{{Scope: "*", Action: "*", Specific: "*"}}

// pluginTokenLife is how long a plugin's own token lives: for ever, in practice.
const pluginTokenLife = 1000000 * time.Hour

// grant is what a request may do: one of the claims must cover it, and one of the limits too when
// there are any (a token can be asked for with less than its user has).
type grant struct {
	principal string
	claims    []*models.Claim
	limits    []*models.Claim
	expires   time.Time // zero for a password
}

// allows reports whether the grant covers an action on one object of a scope.
func (g *grant) allows(scope, action, specific string) bool {
	covers := func(c *models.Claim) bool {
		return inList(c.Scope, scope) && actionInList(c.Action, action) && inList(c.Specific, specific)
	}
	return slices.ContainsFunc(g.claims, covers) &&
		(len(g.limits) == 0 || slices.ContainsFunc(g.limits, covers))
}

// inList reports whether a claim's comma list, or "*", has an item. An asked "*" is covered by "*"
// alone.
func inList(list, item string) bool {
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part == "*" || part == item {
			return true
		}
	}
	return false
}

// actionInList knows that "action" covers every "action:NAME" and "update" every "update:/Field".
func actionInList(list, action string) bool {
	base, _, narrowed := strings.Cut(action, ":")
	return inList(list, action) || narrowed && inList(list, base)
}

// authority keeps passwords and tokens.
type authority struct {
	now       func() time.Time
	mu        sync.Mutex
	tokens    map[string]*grant
	passwords map[string]string
}

func newAuthority(now func() time.Time) *authority {
	return &authority{now: now, tokens: map[string]*grant{}, passwords: map[string]string{}}
}

func (a *authority) setPassword(user, password string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.passwords[user] = password
}

func (a *authority) passwordIs(user, password string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	want, ok := a.passwords[user]
	return ok && want == password
}

// issue makes a token for a grant.
func (a *authority) issue(g grant, life time.Duration) string {
	raw := make([]byte, 40)
	_, _ = rand.Read(raw) // never fails
	token := base64.URLEncoding.EncodeToString(raw)
	g.expires = a.now().Add(life)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokens[token] = &g
	return token
}

// byToken is nil for a token that is unknown or expired.
func (a *authority) byToken(token string) *grant {
	a.mu.Lock()
	defer a.mu.Unlock()
	if g := a.tokens[token]; g != nil && a.now().Before(g.expires) {
		return g
	}
	return nil
}

// Token issues a superuser's token.
func (e *Endpoint) Token(life time.Duration) string {
	return e.auth.issue(grant{principal: "user:" + e.opt.Username, claims: superuser}, life)
}

// ClaimToken issues a token that may do only what the claims say.
func (e *Endpoint) ClaimToken(life time.Duration, claims ...*models.Claim) string {
	return e.auth.issue(grant{principal: "user:" + e.opt.Username, claims: claims}, life)
}

// userGrant is what a user may do by the roles the user has.
func (e *Endpoint) userGrant(user string) *grant {
	g := &grant{principal: "user:" + user}
	if user == e.opt.Username {
		g.claims = superuser
		return g
	}
	var u models.User
	e.store.load("users", user, &u)
	g.claims = e.roleClaims(u.Roles)
	return g
}

// roleClaims are the claims of roles; an unknown role has none.
func (e *Endpoint) roleClaims(names []string) []*models.Claim {
	var claims []*models.Claim
	for _, name := range names {
		var role models.Role
		e.store.load("roles", name, &role)
		claims = append(claims, role.Claims...)
	}
	return claims
}

// authenticate finds out who asks: by Authorization header or, as browsers must on a websocket, by
// the query parameter "token". The refusals are those of a real server.
func (e *Endpoint) authenticate(w http.ResponseWriter, r *http.Request) *grant {
	kind, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	user, password, basic := r.BasicAuth()
	if query := r.URL.Query().Get("token"); kind == "" && query != "" {
		kind, value = "Bearer", query
		user, password, basic = strings.Cut(query, ":")
	}
	var g *grant
	switch {
	case basic:
		if e.auth.passwordIs(user, password) {
			return e.userGrant(user)
		}
	case kind == "":
		w.Header().Set("Www-Authenticate", "dr-provision")
		w.WriteHeader(http.StatusUnauthorized)
		return nil
	default:
		if g = e.auth.byToken(value); g != nil {
			return g
		}
		w.Header().Set("Www-Authenticate", "dr-provision")
	}
	w.WriteHeader(http.StatusForbidden)
	return nil
}

// need answers 403 and reports false unless the request's grant covers the action.
func (c *call) need(scope, action, specific string) bool {
	if c.who.allows(scope, action, specific) {
		return true
	}
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.WriteHeader(http.StatusForbidden)
	return false
}

// users serves tokens and passwords; the rest of a user is an ordinary object.
func (c *call) users() {
	if len(c.path) != 3 {
		c.objects()
		return
	}
	user := c.path[1]
	switch c.path[2] + " " + c.r.Method {
	case "token GET":
		c.userToken(user)
	case "password PUT":
		var body struct{ Password string }
		if c.need("users", "password", user) && c.decode(&body) {
			c.e.auth.setPassword(user, body.Password)
			c.reply(http.StatusOK, c.e.store.find("users", user))
		}
	default:
		c.objects()
	}
}

// userToken answers a token for a user, limited to what the query asks for.
func (c *call) userToken(user string) {
	if user != strings.TrimPrefix(c.who.principal, "user:") && !c.need("users", "token", user) {
		return
	}
	if c.e.store.find("users", user) == nil {
		c.notFound("users", user)
		return
	}
	query := c.r.URL.Query()
	life := time.Hour
	if ttl := query.Get("ttl"); ttl != "" {
		var err error
		if life, err = models.ParseDuration(ttl, "s"); err != nil {
			c.fail(&models.Error{Model: "users", Key: user, Code: http.StatusBadRequest,
				Messages: []string{err.Error()}})
			return
		}
	}
	g := *c.e.userGrant(user)
	if g.principal == c.who.principal {
		g.limits = c.who.limits
	}
	if limits := c.e.tokenLimits(query); limits != nil {
		g.limits = limits
	}
	c.reply(http.StatusOK, map[string]any{"Token": c.e.auth.issue(g, life), "Info": c.e.info()})
}

// tokenLimits is what a token is asked to be limited to: roles, or one claim as older clients send
// it. Nil means no limit of its own.
func (e *Endpoint) tokenLimits(query url.Values) []*models.Claim {
	if roles := query.Get("roles"); roles != "" {
		return append([]*models.Claim{{}}, e.roleClaims(strings.Split(roles, ","))...)
	}
	if !query.Has("scope") && !query.Has("action") && !query.Has("specific") {
		return nil
	}
	limit := models.Claim{Scope: query.Get("scope"), Action: query.Get("action"), Specific: query.Get("specific")}
	for _, part := range []*string{&limit.Scope, &limit.Action, &limit.Specific} {
		setDefault(part, "*")
	}
	return []*models.Claim{&limit}
}
