//! The binary as an AWS Lambda function, driven by an emulation of the Runtime API.
