module github.com/stokerdata/stoker/benchmarks

go 1.26.5

require (
	github.com/disintegration/imaging v1.6.2
	github.com/stokerdata/stoker v0.0.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/klauspost/cpuid/v2 v2.2.10 // indirect
	github.com/zeebo/xxh3 v1.1.0 // indirect
	golang.org/x/image v0.47.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
)

replace github.com/stokerdata/stoker => ../
