// Package report renders reports: text for a terminal, Markdown for a job log or an alert, JSON for
// programs. Everything that came from the network is escaped for where it goes.
package report
