// Package archtest states the rules of the house and checks that the tree keeps
// them. It holds tests alone:
//
//	go test ./internal/archtest
//
// Who may import whom stands in layers (imports_test.go), what the module may
// depend on in dependencies (modules_test.go). Both are read as prose first: a
// change that needs a new line there says so in its review, with the reason.
// A rule is never widened to make a build pass.
//
// Each rule is a function from a tree to findings. TestHouse runs all of them
// on this repository; TestRules runs each on small trees that break it, so that
// no rule can rot into one that finds nothing.
package archtest
