package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"logmark.example/logmark"
)

func main() {
	client, err := logmark.New(os.Getenv("LOGMARK_URL"), logmark.Token(os.Getenv("LOGMARK_TOKEN")))
	if err != nil {
		log.Fatal(err)
	}
	// Reconnects by itself; stop it with Ctrl-C. Store tail.Cursor() to resume it in another process.
	tail := client.Tail(context.Background(), logmark.TailRequest{Group: "/acme/java/orders", Start: "-15m"})
	defer tail.Close()
	for tail.Next() {
		item := tail.Item()
		switch {
		case item.Event != nil:
			fmt.Println(item.Event.Timestamp, item.Event.Message)
		case item.Gap != nil:
			fmt.Println("events from", item.Gap.From, "to", item.Gap.To, "may be missing:", item.Gap.Reason)
		}
	}
	if err := tail.Err(); err != nil {
		log.Fatal(err)
	}
}
