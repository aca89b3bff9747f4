package journal_test
import ("fmt";"os")
func dbg(a ...any){ if os.Getenv("DBG")!="" {fmt.Println(a...)} }
