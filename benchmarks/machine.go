package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine is where a run takes place.
type machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	OS    string `json:"os"`
	Go    string `json:"go"`
	Load  string `json:"load"` // when the run began
}

func thisMachine() machine {
	return machine{CPU: cpuName(), Cores: runtime.NumCPU(), OS: system(), Go: runtime.Version(), Load: load()}
}

// String returns m in a line.
func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s, %s, %s", m.CPU, m.Cores, m.OS, m.Go, m.Load)
}

// cpuName returns the name, family, model and stepping of the processor.
func cpuName() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	facts := map[string]string{}
	for line := range bytes.Lines(text) {
		if key, value, ok := strings.Cut(string(line), ":"); ok && facts[strings.TrimSpace(key)] == "" {
			facts[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	if facts["model name"] == "" {
		return runtime.GOARCH
	}
	return fmt.Sprintf("%s (family %s, model %s, stepping %s)", facts["model name"], facts["cpu family"], facts["model"], facts["stepping"])
}

// system returns the name and the version of the kernel, without what its builder
// put behind that.
func system() string {
	if out, err := exec.Command("uname", "-sr").Output(); err == nil {
		version, _, _ := strings.Cut(strings.TrimSpace(string(out)), "-")
		return version
	}
	return runtime.GOOS
}

// load returns how many programs want to run, on average.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if words := strings.Fields(string(text)); err == nil && len(words) >= 3 {
		return "load " + strings.Join(words[:3], " ")
	}
	return "load unknown"
}
