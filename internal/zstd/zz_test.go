package zstd
import ("testing";"os";"encoding/binary";"bytes";"fmt";"time"
"github.com/klauspost/compress/zstd")
func TestAll(t *testing.T){
 b,_:=os.ReadFile("/tmp/zst/all.bin"); kd,_:=zstd.NewReader(nil,zstd.WithDecoderConcurrency(1))
 var d Decoder
 var tot time.Duration; bytesN:=0
 for k:=0;len(b)>0;k++{ cn,dn:=binary.LittleEndian.Uint64(b),binary.LittleEndian.Uint64(b[8:]);b=b[16:]
  want,_:=kd.DecodeAll(b[:cn],nil)
  got:=make([]byte,dn)
  best:=time.Hour
  for range 15 { tt:=time.Now()
  if err:=d.Decode(got,b[:cn]); err!=nil {t.Fatal(k,err)}
  best=min(best,time.Since(tt)) }
  if !bytes.Equal(want,got){t.Fatal(k,"differs")}
  if k==0||k==20||k==35||k==36 {fmt.Printf("%d c %d d %d %.2f GB/s\n",k,cn,dn,float64(dn)/best.Seconds()/1e9)}
  tot+=best;bytesN+=int(dn);b=b[cn:]}
 fmt.Printf("all %.3f GB/s\n",float64(bytesN)/tot.Seconds()/1e9)
}
