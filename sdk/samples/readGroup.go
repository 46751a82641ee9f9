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
	// One response of any length, read as it arrives. An incomplete stream is an error.
	stream, err := client.Stream(context.Background(), logmark.EventsRequest{Group: "/acme/api", Start: "-15m"})
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Close()
	for stream.Next() {
		fmt.Println(stream.Event().LogStream, stream.Event().Message)
	}
	if err := stream.Err(); err != nil {
		log.Fatal(err)
	}
}
