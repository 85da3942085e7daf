// Command benchmarks measures stoker beside its peers and beside the limits of
// what the work could cost, in one run on one machine:
//
//	go run -C benchmarks . data -dir DIR
//	go run -C benchmarks [-tags libjpeg] . suite [-run W1,jpeg] [-data DIR] [-python PYTHON,...] [-json FILE]
//	go run -C benchmarks . accelerators [-model resnet50,unet3d,cosmoflow] [-python PYTHON]
//
// README.md beside this file says what is measured and what the peers need.
// What cannot run here is skipped, and the reason is printed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage:
  benchmarks data -dir DIR      make a set of images to measure on
  benchmarks suite [flags]      measure; -help lists the flags
  benchmarks accelerators       how many accelerators a reader keeps busy
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		os.Exit(1)
	}
}

// run runs the command that args name.
func run(ctx context.Context, args []string) error {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "data":
		return runData(ctx, args, os.Stdout)
	case "suite":
		return runSuite(ctx, args, os.Stdout)
	case "accelerators":
		return runAccelerators(ctx, args, os.Stdout)
	case childCommand:
		return runChild(args, os.Stdin, os.Stdout)
	}
	fmt.Fprint(os.Stderr, usage)
	return flag.ErrHelp
}
