output "domain_target" {
  description = "What the DNS record of public_url's host must point to."
  value       = aws_lb.logmark.dns_name
}

output "zone_id" {
  description = "The zone of domain_target, for an alias record."
  value       = aws_lb.logmark.zone_id
}

output "role_arn" {
  description = "For the trust policy of roles in other accounts (the module source-role)."
  value       = aws_iam_role.logmark.arn
}

output "log_group_name" {
  description = "Where Logmark's own log is."
  value       = aws_cloudwatch_log_group.logmark.name
}
