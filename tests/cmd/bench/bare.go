package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"github.com/gorilla/websocket"
)

// bareOnce is the yardstick: dial, handshake with verification, upgrade, echo one message, close.
func bareOnce(url, roots string) error {
	pool, err := loadPool(roots)
	if err != nil {
		return err
	}
	return bare(url, pool)
}

func loadPool(roots string) (*x509.CertPool, error) {
	data, err := os.ReadFile(roots)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("no certificate in %s", roots)
	}
	return pool, nil
}

func bare(url string, pool *x509.CertPool) error {
	d := websocket.Dialer{HandshakeTimeout: 10 * time.Second, TLSClientConfig: &tls.Config{RootCAs: pool, NextProtos: []string{"http/1.1"}}}
	c, _, err := d.Dial(url, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if err := c.WriteMessage(websocket.TextMessage, []byte("echo")); err != nil {
		return err
	}
	if _, _, err := c.ReadMessage(); err != nil {
		return err
	}
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if err := c.WriteMessage(websocket.CloseMessage, bye); err != nil {
		return err
	}
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		return fmt.Errorf("our close was not answered: %w", err)
	}
	return nil
}
