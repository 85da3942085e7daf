module github.com/stokerdata/stoker/internal/asmgen

go 1.26.5

require github.com/mmcloughlin/avo v0.5.0
