package disk

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Kind is what a drive is.
type Kind string

// The kinds.
const (
	HDD     Kind = "HDD"
	SATASSD Kind = "SATA SSD"
	NVMe    Kind = "NVMe"
	USB     Kind = "USB" // whatever is behind the bridge, which may say anything
	Unknown Kind = "virtual or unknown"
)

// A Disk is a drive, with what the kernel tells of it. Facts that it does not
// tell are empty.
type Disk struct {
	Name       string   `json:"name"` // the kernel's, as in sda
	Number     string   `json:"-"`    // major:minor of the whole disk, empty if there is none
	Kind       Kind     `json:"kind"`
	Why        string   `json:"why"` // what the kind follows from
	Model      string   `json:"model,omitempty"`
	Link       string   `json:"link,omitempty"`      // of PCIe: speed and lanes
	Scheduler  string   `json:"scheduler,omitempty"` // of the kernel's queue
	FileSystem string   `json:"file_system,omitempty"`
	Members    []string `json:"members"` // disks that it is made of, itself if of no others
}

// Shares reports whether two disks are one, or made of parts of one.
func (d Disk) Shares(e Disk) bool {
	return slices.ContainsFunc(d.Members, func(m string) bool { return slices.Contains(e.Members, m) })
}

// String returns the model and the kind.
func (d Disk) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s (%s)", d.Model, d.Name, d.Kind))
}

// find returns the disk with a device number of the tree that is mounted at /sys.
func find(sys fs.FS, major, minor uint32) (Disk, error) {
	number := fmt.Sprintf("%d:%d", major, minor)
	if major == 0 {
		return Disk{Kind: Unknown, Why: "the file system is on no block device", Members: []string{number}}, nil
	}
	node, err := follow(sys, "dev/block/"+number)
	if err != nil {
		return Disk{}, fmt.Errorf("disk: %w", err)
	}
	node = whole(sys, node)
	d := Disk{Name: path.Base(node), Number: fact(sys, node, "dev"), Members: members(sys, node, 0)}
	d.Model = fact(sys, node, "device/model")
	if vendor := fact(sys, node, "device/vendor"); d.Model != "" && vendor != "ATA" { // the kernel's translation
		d.Model = strings.TrimSpace(vendor + " " + d.Model)
	}
	if _, chosen, ok := strings.Cut(fact(sys, node, "queue/scheduler"), "["); ok {
		d.Scheduler, _, _ = strings.Cut(chosen, "]")
	}
	d.Kind, d.Why = kind(sys, node, d.Model)
	if d.Kind == NVMe {
		d.Link = link(sys, node)
	}
	return d, nil
}

// follow returns where a symbolic link of sys points to.
func follow(sys fs.FS, name string) (string, error) {
	to, err := fs.ReadLink(sys, name)
	return path.Join(path.Dir(name), to), err
}

// whole returns the disk that a partition is of, or the disk itself.
func whole(sys fs.FS, node string) string {
	if _, err := fs.Stat(sys, node+"/partition"); err == nil {
		return path.Dir(node)
	}
	return node
}

// fact returns the text of a file below node, "" if there is none.
func fact(sys fs.FS, node, name string) string {
	text, _ := fs.ReadFile(sys, node+"/"+name)
	return strings.TrimSpace(string(text))
}

// deepest is how many layers of mappings are looked through.
const deepest = 8

// members returns the names of the disks that a disk is made of.
func members(sys fs.FS, node string, depth int) (names []string) {
	below, _ := fs.ReadDir(sys, node+"/slaves")
	for _, b := range below {
		if slave, err := follow(sys, node+"/slaves/"+b.Name()); err == nil && depth < deepest {
			names = append(names, members(sys, whole(sys, slave), depth+1)...)
		}
	}
	if len(names) == 0 {
		names = []string{path.Base(node)}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// pretenders lists what the models of disks begin with that hypervisors offer
// as NVMe or SATA drives.
var pretenders = []string{"QEMU", "VBOX", "VMware", "Msft Virtual", "MSFT NVMe", "Virtual", "Amazon Elastic Block Store", "nvme_card", "Google PersistentDisk"}

// kind returns the kind of a disk, and why.
func kind(sys fs.FS, node, model string) (Kind, string) {
	way := strings.Split(node, "/")
	on := func(prefix string) bool {
		return slices.ContainsFunc(way, func(s string) bool { return strings.HasPrefix(s, prefix) })
	}
	base := path.Base(node)
	for _, p := range pretenders {
		if strings.HasPrefix(model, p) {
			return Unknown, fmt.Sprintf("the model %q is a hypervisor's", model)
		}
	}
	switch {
	case strings.HasPrefix(base, "nvme"):
		if t := transport(sys, node); t != "pcie" {
			return Unknown, fmt.Sprintf("NVMe over the transport %q", t)
		}
		return NVMe, "its NVMe controller is on PCIe"
	case on("virtual"):
		return Unknown, virtual(sys, node, base)
	case on("virtio"):
		return Unknown, "it is a virtio disk, whatever is behind it"
	case on("vbd-") || on("xen") || on("VMBUS"):
		return Unknown, "it is a hypervisor's disk"
	case on("usb"):
		return USB, "it is behind a USB bridge"
	case on("ata"):
		switch r := fact(sys, node, "queue/rotational"); r {
		case "1":
			return HDD, "it is on SATA and rotates"
		case "0":
			return SATASSD, "it is on SATA and does not rotate"
		default:
			return Unknown, fmt.Sprintf("it is on SATA, and queue/rotational is %q", r)
		}
	}
	return Unknown, "the kernel's path tells of no known bus: " + node
}

// virtual returns why a disk that the kernel makes up has no kind.
func virtual(sys fs.FS, node, base string) string {
	what := strings.TrimRight(base, "0123456789")
	switch what {
	case "dm-":
		what = "device mapper"
	case "md":
		what = "software RAID"
	}
	if m := members(sys, node, 0); m[0] != base {
		return fmt.Sprintf("it is made by the kernel (%s) of %s", what, strings.Join(m, ", "))
	}
	return fmt.Sprintf("it is made by the kernel (%s)", what)
}

// controllers returns the NVMe controllers of a disk, of which a subsystem with
// several paths has more than one.
func controllers(sys fs.FS, node string) []string {
	if fact(sys, node, "device/transport") != "" {
		return []string{node + "/device"}
	}
	several, _ := fs.Glob(sys, node+"/device/nvme[0-9]*")
	return slices.DeleteFunc(several, func(c string) bool { return fact(sys, c, "transport") == "" })
}

// transport returns the transport of a disk's NVMe controllers.
func transport(sys fs.FS, node string) string {
	var all []string
	for _, c := range controllers(sys, node) {
		all = append(all, fact(sys, c, "transport"))
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}

// link returns the PCIe link of the first controller.
func link(sys fs.FS, node string) string {
	for _, c := range controllers(sys, node) {
		if speed := fact(sys, c, "device/current_link_speed"); speed != "" {
			return speed + " x" + fact(sys, c, "device/current_link_width")
		}
	}
	return ""
}

// fileSystem returns the type of the file system that holds an absolute path
// without symbolic links, from the text of /proc/self/mountinfo.
func fileSystem(mounts, file string) (name string) {
	longest := -1
	for line := range strings.Lines(mounts) {
		before, after, _ := strings.Cut(line, " - ")
		b, a := strings.Fields(before), strings.Fields(after)
		if len(b) < 5 || len(a) < 1 {
			continue
		}
		at := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(b[4])
		below := at == "/" || file == at || strings.HasPrefix(file, at+"/")
		if below && len(at) >= longest { // of two at one place the later one hides the other
			longest, name = len(at), a[0]
		}
	}
	return name
}
