output "log_group_arn" {
  description = "destination_arn of the access log settings in the stage of your API."
  value       = aws_cloudwatch_log_group.access.arn
}

output "format" {
  description = "format of the access log settings in the stage of your API."
  value       = local.format
}
