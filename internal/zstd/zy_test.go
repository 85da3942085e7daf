package zstd
import ("testing";"os";"path/filepath";"strconv";"strings")
func BenchmarkCol(b *testing.B){
 for _,g := range []string{"c00_2","c20_2","c35_2"} {
  m,_ := filepath.Glob("/tmp/zst/"+g+"*"); f:=m[0]
  src,_ := os.ReadFile(f); p:=strings.Split(strings.TrimSuffix(f,".zst"),"_"); n,_:=strconv.Atoi(p[len(p)-1])
  dst:=make([]byte,n)
  b.Run(g,func(b *testing.B){ b.SetBytes(int64(n)); var d Decoder
   for b.Loop(){ d.Decode(dst,src)}
   })
 }}
