package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
)

// The results that the tables of the READMEs are made of, and these, from the
// folder of the sources.
const measured = "results/suite.json"

var readmes = []struct {
	path string
	as   func(*results) ([]byte, error)
}{
	{"../README.md", (*results).brief},
	{"README.md", (*results).markdown},
}

// Between these lines of a README is what this program writes.
const (
	tablesBegin = "<!-- made by: go run -C benchmarks . readme -->\n"
	tablesEnd   = "<!-- until here -->\n"
)

// runReadme writes the tables of the READMEs.
func runReadme(args []string) error {
	f := flag.NewFlagSet("readme", flag.ContinueOnError)
	path := f.String("json", measured, "`file` that suite -json has left")
	if err := f.Parse(args); err != nil {
		return err
	}
	r, err := readResults(*path)
	if err != nil {
		return err
	}
	for _, to := range readmes {
		tables, err := to.as(r)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(to.path)
		if err != nil {
			return err
		}
		if text, err = withTables(text, tables); err != nil {
			return fmt.Errorf("%s: %w", to.path, err)
		}
		if err := os.WriteFile(to.path, text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// withTables returns a text with other tables between its marks.
func withTables(text, tables []byte) ([]byte, error) {
	before, rest, ok := bytes.Cut(text, []byte(tablesBegin))
	_, after, ends := bytes.Cut(rest, []byte(tablesEnd))
	if !ok || !ends {
		return nil, errors.New("it has no place for tables")
	}
	return bytes.Join([][]byte{before, []byte(tablesBegin), tables, []byte(tablesEnd), after}, nil), nil
}
