// Package disk tells what kind of drive a folder lies on, from what the Linux
// kernel says and from nothing else:
//
//	d, err := disk.Of("/data")
//	...
//	fmt.Println(d.Kind, d.Model, d.Why) // NVMe Samsung SSD 970 EVO Plus 1TB its NVMe controller is on PCIe
//
// Where the kernel does not know the hardware, as behind a hypervisor, RAID, a
// network or an overlay, the kind is [Unknown]: a virtual disk that calls itself
// rotating is no hard disk.
package disk
