// Package asmgen holds the programs that write the assembly of this
// repository, one folder for each package that they write for, with avo. They
// are a module of their own, so that the library does not depend on it:
//
//	go generate ./...
package asmgen
