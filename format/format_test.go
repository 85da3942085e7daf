package format_test

import (
	"testing"

	"github.com/stokerdata/stoker/format"
)

func TestLimitsWithDefaults(t *testing.T) {
	zero := format.Limits{}.WithDefaults()
	if zero.FooterBytes != 64<<20 || zero.Columns != 16384 || zero.Depth != 64 || zero.BlockBytes != 4<<30 ||
		zero.PageBytes != 256<<20 || zero.ValueBytes != 64<<20 || zero.RecordBytes != 256<<20 || zero.ShardRecords != 1<<40 {
		t.Errorf("defaults are %+v", zero)
	}
	given := format.Limits{FooterBytes: 1, Columns: 2, Depth: 3, BlockBytes: 4, PageBytes: 5, ValueBytes: 6, RecordBytes: 7, ShardRecords: 8}
	if got := given.WithDefaults(); got != given {
		t.Errorf("%+v became %+v", given, got)
	}
}
