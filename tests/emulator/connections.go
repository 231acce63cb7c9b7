package emulator

import (
	"net/http"

	"gitlab.com/rackn/provision/v4/models"
)

// connections lists the open sockets and ends one of them.
func (c *call) connections() {
	list := c.e.connectionsOf("")
	if len(c.path) == 1 && c.r.Method == http.MethodGet {
		if c.need("connections", "list", "*") {
			c.reply(http.StatusOK, list)
		}
		return
	}
	if len(c.path) != 2 {
		c.noRoute()
		return
	}
	for i, connection := range list {
		if connection.RemoteAddr == c.path[1] {
			c.oneConnection(list[i])
			return
		}
	}
	c.notFound("connections", c.path[1])
}

func (c *call) oneConnection(connection models.Connection) {
	switch c.r.Method {
	case http.MethodGet:
		if c.need("connections", "get", connection.RemoteAddr) {
			c.reply(http.StatusOK, connection)
		}
	case http.MethodDelete:
		if !c.need("connections", "delete", connection.RemoteAddr) {
			return
		}
		for _, s := range c.e.hub.all() {
			if s.remote == connection.RemoteAddr {
				s.drop()
			}
		}
		c.reply(http.StatusOK, connection)
	default:
		c.noRoute()
	}
}

// connectionsOf lists the open sockets of a principal, of everybody for "".
func (e *Endpoint) connectionsOf(principal string) []models.Connection {
	list := []models.Connection{}
	for _, s := range e.hub.all() {
		if principal == "" || principal == s.who.principal {
			list = append(list, models.Connection{Type: "websocket", RemoteAddr: s.remote,
				Principal: s.who.principal, CreateTime: s.created})
		}
	}
	return list
}
