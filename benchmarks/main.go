// Command benchmarks measures stoker beside its peers and beside the limits of
// what the work could cost, in one run on one machine:
//
//	go run -C benchmarks . data -dir DIR
//	go run -C benchmarks [-tags libjpeg] . suite [-run W1,jpeg] [-data DIR] [-python PYTHON,...] [-json FILE] [-report FILE]
//	go run -C benchmarks . readme [-json FILE]
//	go run -C benchmarks . drive [-dir DIR ...] [-model hdd ...] [-throttle sata-ssd] [-out DIR]
//	go run -C benchmarks . growth [-samples N] [-json FILE] [-report FILE]
//	go run -C benchmarks . damage [-run feather] [-mutants N]
//	go run -C benchmarks . memory [-run feather] [-bytes N] [-budget N]
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
  benchmarks suite [flags]      measure the library beside its peers; -help lists the flags
  benchmarks drive [flags]      measure drives, and the library over them; likewise
  benchmarks growth [flags]     measure what many samples and workers cost; likewise
  benchmarks damage [flags]     read damaged files of every format and codec; likewise
  benchmarks memory [flags]     stream data sets within little memory; likewise
  benchmarks readme [flags]     write the tables of the READMEs from results; likewise
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
	case "readme":
		return runReadme(args)
	case "drive":
		return runDrive(ctx, args, os.Stdout)
	case "growth":
		return runGrowth(ctx, args, os.Stdout)
	case "damage":
		return runDamage(ctx, args, os.Stdout)
	case "memory":
		return runMemory(ctx, args, os.Stdout)
	case streamedCommand:
		return runStreamed(args, os.Stdout)
	case damagedCommand:
		return runDamaged(args, os.Stdout)
	case childCommand:
		return runChild(args, os.Stdin, os.Stdout)
	}
	fmt.Fprint(os.Stderr, usage)
	return flag.ErrHelp
}
