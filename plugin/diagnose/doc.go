// Package diagnose turns evidence into reports: which finding it is, what caused it, what mends it.
//
// It is pure. Given the same evidence and policy it returns the same reports; it opens no
// connection, reads no file and knows no clock but the evidence's own. Rules are rows of a table,
// one for each finding of the catalogue, and a finding that only follows from another is held back:
// one cause, one finding at the top.
package diagnose
