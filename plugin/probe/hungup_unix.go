//go:build unix

package probe

import (
	"io"
	"net"
	"syscall"
)

// hungUp says, without waiting and without taking anything off the connection, whether its peer
// has ended it: io.EOF for a FIN, the error for a reset.
func hungUp(c net.Conn) error {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	var found error
	_ = rc.Control(func(fd uintptr) {
		var one [1]byte
		n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == nil && n == 0:
			found = io.EOF
		case err == syscall.ECONNRESET:
			found = err
		}
	})
	return found
}
