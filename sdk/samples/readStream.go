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
	request := logmark.EventsRequest{Group: "/acme/api", Stream: "prod-a", Start: "-15m"}
	events := client.Events(context.Background(), request)
	for events.Next() {
		fmt.Println(events.Event().Timestamp, events.Event().Message)
	}
	if err := events.Err(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("continue from cursor", events.Cursor())
}
