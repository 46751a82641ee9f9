output "domain_target" {
  description = "Target of the DNS record of public_url's host."
  value       = aws_lb.logmark.dns_name
}

output "zone_id" {
  description = "Hosted zone of domain_target, for an alias record."
  value       = aws_lb.logmark.zone_id
}

output "role_arn" {
  description = "Role of Logmark, for the trust policy of roles in other accounts (the module source-role)."
  value       = aws_iam_role.logmark.arn
}

output "log_group_name" {
  description = "Log group of Logmark's own log."
  value       = aws_cloudwatch_log_group.logmark.name
}
