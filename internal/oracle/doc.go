// Package oracle has tests alone: files of other writers are read by us, and
// every value is compared with what the writer was given, or with what another
// reader makes of it.
//
// It is a module of its own, as arrow-go's Parquet package must not come near
// what a user links. DuckDB and PyArrow take part where the environment variable
// STOKER_PYTHON names an interpreter that has both.
package oracle
