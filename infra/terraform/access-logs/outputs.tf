output "log_group_arn" {
  description = "Value of destination_arn in the access log settings of your API's stage."
  value       = aws_cloudwatch_log_group.access.arn
}

output "format" {
  description = "Value of format in the access log settings of your API's stage."
  value       = local.format
}
