// Set the path to where the module is published (sdk/CONTRIBUTING.md says how): it is what programs import.
module logmark.example/logmark

go 1.19
