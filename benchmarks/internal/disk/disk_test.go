package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
)

// tree reads a part of a tree of sysfs: lines "file = text" and "link -> target".
// That of virtio is of a machine; the others are written after the layout that
// Linux gives to such drives.
func tree(t *testing.T, name string) fs.FS {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	sys := fstest.MapFS{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if file, value, ok := strings.Cut(line, " = "); ok {
			sys[file] = &fstest.MapFile{Data: []byte(value + "\n"), Mode: 0o444}
		} else if link, to, ok := strings.Cut(line, " -> "); ok {
			sys[link] = &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink | 0o777}
		} else if !strings.HasPrefix(line, "#") {
			t.Fatalf("%s: %q", name, line)
		}
	}
	return sys
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		tree         string
		major, minor uint32
		want         Disk
		why          string
	}{
		{"nvme", 259, 2, Disk{Name: "nvme0n1", Kind: NVMe, Model: "Samsung SSD 970 EVO Plus 1TB", Link: "8.0 GT/s PCIe x4", Scheduler: "none"}, "PCIe"},
		{"nvme-multipath", 259, 0, Disk{Name: "nvme0n1", Kind: NVMe, Model: "Samsung SSD 980 PRO 2TB", Link: "16.0 GT/s PCIe x4", Scheduler: "none"}, "PCIe"},
		{"nvme-tcp", 259, 5, Disk{Name: "nvme1n1", Kind: Unknown, Model: "Linux"}, `"tcp"`},
		{"nvme-qemu", 259, 0, Disk{Name: "nvme0n1", Kind: Unknown, Model: "QEMU NVMe Ctrl"}, "hypervisor"},
		{"sata", 8, 1, Disk{Name: "sda", Number: "8:0", Kind: SATASSD, Model: "Samsung SSD 870", Scheduler: "mq-deadline"}, "does not rotate"},
		{"sata", 8, 16, Disk{Name: "sdb", Kind: HDD, Model: "ST4000NM0033", Scheduler: "bfq"}, "rotates"},
		{"sata", 8, 33, Disk{Name: "sdc", Kind: USB, Model: "SanDisk Extreme"}, "USB"},
		{"sata", 8, 48, Disk{Name: "sdd", Kind: Unknown, Model: "DELL PERC H740P Adp"}, "no known bus"},
		{"sata", 9, 0, Disk{Name: "md0", Kind: Unknown, Members: []string{"sda", "sdb"}}, "software RAID) of sda, sdb"},
		{"sata", 252, 0, Disk{Name: "dm-0", Kind: Unknown, Members: []string{"sda", "sdb"}}, "device mapper) of sda, sdb"},
		{"sata", 254, 0, Disk{Name: "zram0", Kind: Unknown}, "zram"},
		{"virtio", 253, 0, Disk{Name: "vda", Kind: Unknown, Scheduler: "mq-deadline"}, "virtio"},
		{"virtio", 0, 41, Disk{Kind: Unknown, Members: []string{"0:41"}}, "no block device"},
	} {
		got, err := find(tree(t, c.tree), c.major, c.minor)
		if err != nil {
			t.Errorf("%s %d:%d: %v", c.tree, c.major, c.minor, err)
			continue
		}
		if c.want.Members == nil {
			c.want.Members = []string{c.want.Name}
		}
		if !strings.Contains(got.Why, c.why) {
			t.Errorf("%s %d:%d: why is %q, want %q", c.tree, c.major, c.minor, got.Why, c.why)
		}
		if got.Why = ""; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %d:%d:\n got %+v\nwant %+v", c.tree, c.major, c.minor, got, c.want)
		}
	}
	if _, err := find(tree(t, "nvme"), 8, 0); err == nil {
		t.Error("a device that is not there was found")
	}
}

func TestShares(t *testing.T) {
	sys := tree(t, "sata")
	at := func(major, minor uint32) Disk {
		d, err := find(sys, major, minor)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	ssd, hdd, raid, mapped := at(8, 1), at(8, 16), at(9, 0), at(252, 0)
	if ssd.Shares(hdd) || !ssd.Shares(ssd) || !ssd.Shares(raid) || !mapped.Shares(hdd) || !raid.Shares(mapped) {
		t.Error("disks share what they should not, or the other way round")
	}
}

func TestFileSystem(t *testing.T) {
	const mounts = `26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 26 0:35 / /mnt/my\040disk rw - nfs4 server:/x rw
41 26 0:36 / /mnt rw - tmpfs none rw
42 26 0:37 / /merged rw - overlay overlay rw
43 42 8:2 / /merged rw - xfs /dev/sda2 rw
broken
`
	for file, want := range map[string]string{"/home/x": "ext4", "/mnt/my disk/a": "nfs4", "/mnt/my diskette": "tmpfs", "/merged": "xfs", "/mergedtoo": "ext4"} {
		if got := fileSystem(mounts, file); got != want {
			t.Errorf("%s is on %q, not %q", file, got, want)
		}
	}
}

// TestOf asks the kernel of this machine, whatever it is.
func TestOf(t *testing.T) {
	d, err := Of(t.TempDir())
	if runtime.GOOS != "linux" {
		if err == nil {
			t.Error("no error")
		}
		return
	}
	if err != nil || d.Kind == "" || d.Why == "" || d.FileSystem == "" || len(d.Members) == 0 || !d.Shares(d) {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := Of("no/such/folder"); err == nil {
		t.Error("no error for a missing folder")
	}
}
