output "role_arn" {
  description = "ARN for assume_role of the source, and for source_role_arns of Logmark's own module."
  value       = aws_iam_role.source.arn
}
