"""Which services have a service-linked role, what it is called, and the policy it has.

The service authorization reference does not tell; these are the names of AWS's pages on using
service-linked roles, one page a service:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
"""

from __future__ import annotations

from typing import NamedTuple

_PREFIX = "AWSServiceRoleFor"
_SUFFIX = ".amazonaws.com"
_TAKES_SUFFIX = frozenset({"autoscaling", "connect", "lexv2"})

# The service without `.amazonaws.com`, the role without `AWSServiceRoleFor`, the policy.
_ROWS = """
    access-analyzer AccessAnalyzer AccessAnalyzerServiceRolePolicy
    acm CertificateManager CertificateManagerServiceRolePolicy
    airflow AmazonMWAA AmazonMWAAServiceRolePolicy
    apidestinations.events AmazonEventBridgeApiDestinations AmazonEventBridgeApiDestinationsServiceRolePolicy
    appsync AppSync AWSAppSyncServiceRolePolicy
    autoscaling AutoScaling AutoScalingServiceRolePolicy
    autoscaling-plans AutoScalingPlans_EC2AutoScaling AWSAutoScalingPlansEC2AutoScalingPolicy
    appstream.application-autoscaling ApplicationAutoScaling_AppStreamFleet AWSApplicationAutoscalingAppStreamFleetPolicy
    cassandra.application-autoscaling ApplicationAutoScaling_CassandraTable AWSApplicationAutoscalingCassandraTablePolicy
    comprehend.application-autoscaling ApplicationAutoScaling_ComprehendEndpoint AWSApplicationAutoscalingComprehendEndpointPolicy
    custom-resource.application-autoscaling ApplicationAutoScaling_CustomResource AWSApplicationAutoScalingCustomResourcePolicy
    dynamodb.application-autoscaling ApplicationAutoScaling_DynamoDBTable AWSApplicationAutoscalingDynamoDBTablePolicy
    ec2.application-autoscaling ApplicationAutoScaling_EC2SpotFleetRequest AWSApplicationAutoscalingEC2SpotFleetRequestPolicy
    ecs.application-autoscaling ApplicationAutoScaling_ECSService AWSApplicationAutoscalingECSServicePolicy
    elasticache.application-autoscaling ApplicationAutoScaling_ElastiCacheRG AWSApplicationAutoscalingElastiCacheRGPolicy
    elasticmapreduce.application-autoscaling ApplicationAutoScaling_EMRInstanceGroup AWSApplicationAutoscalingEMRInstanceGroupPolicy
    kafka.application-autoscaling ApplicationAutoScaling_KafkaCluster AWSApplicationAutoscalingKafkaClusterPolicy
    lambda.application-autoscaling ApplicationAutoScaling_LambdaConcurrency AWSApplicationAutoscalingLambdaConcurrencyPolicy
    neptune.application-autoscaling ApplicationAutoScaling_NeptuneCluster AWSApplicationAutoscalingNeptuneClusterPolicy
    rds.application-autoscaling ApplicationAutoScaling_RDSCluster AWSApplicationAutoscalingRDSClusterPolicy
    sagemaker.application-autoscaling ApplicationAutoScaling_SageMakerEndpoint AWSApplicationAutoscalingSageMakerEndpointPolicy
    backup Backup AWSBackupServiceLinkedRolePolicyForBackup
    batch Batch BatchServiceRolePolicy
    cks.kms KeyManagementServiceCustomKeyStores AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy
    cloudtrail CloudTrail CloudTrailServiceRolePolicy
    cognito-idp AmazonCognitoIdp AmazonCognitoIdpServiceRolePolicy
    config Config AWSConfigServiceRolePolicy
    config-conforms ConfigConforms ConfigConformsServiceRolePolicy
    connect AmazonConnect AmazonConnectServiceLinkedRolePolicy
    contributorinsights.dynamodb DynamoDBCloudWatchContributorInsights DynamoDBCloudWatchContributorInsightsServiceRolePolicy
    dax DAX DAXServiceRolePolicy
    delivery.logs LogDelivery AWSServiceRoleForLogDeliveryPolicy
    ec2-instance-connect EC2InstanceConnect Ec2InstanceConnectEndpoint
    ec2fleet EC2Fleet AWSEC2FleetServiceRolePolicy
    ecs ECS AmazonECSServiceRolePolicy
    eks AmazonEKS AmazonEKSServiceRolePolicy
    eks-fargate AmazonEKSForFargate AmazonEKSForFargateServiceRolePolicy
    eks-nodegroup AmazonEKSNodegroup AWSServiceRoleForAmazonEKSNodegroup
    elasticache ElastiCache ElastiCacheServiceRolePolicy
    elasticbeanstalk ElasticBeanstalk AWSElasticBeanstalkServiceRolePolicy
    elasticfilesystem AmazonElasticFileSystem AmazonElasticFileSystemServiceRolePolicy
    elasticloadbalancing ElasticLoadBalancing AWSElasticLoadBalancingServiceRolePolicy
    elasticmapreduce EMRCleanup AmazonEMRCleanupPolicy
    email.cognito-idp AmazonCognitoIdpEmailService AmazonCognitoIdpEmailServiceRolePolicy
    es AmazonElasticsearchService AmazonElasticsearchServiceRolePolicy
    events CloudWatchEvents CloudWatchEventsServiceRolePolicy
    fms FMS FMSServiceRolePolicy
    fsx AmazonFSx AmazonFSxServiceRolePolicy
    globalaccelerator GlobalAccelerator AWSGlobalAcceleratorSLRPolicy
    guardduty AmazonGuardDuty AmazonGuardDutyServiceRolePolicy
    inspector2 AmazonInspector2 AmazonInspector2ServiceRolePolicy
    ipam IPAM AWSIPAMServiceRolePolicy
    kafka Kafka KafkaServiceRolePolicy
    kinesisreplication.dynamodb DynamoDBKinesisDataStreamsReplication DynamoDBKinesisReplicationServiceRolePolicy
    lakeformation LakeFormationDataAccess LakeFormationDataAccessServiceRolePolicy
    lex LexBots LexBotPolicy
    lexv2 LexV2Bots AmazonLexV2BotPolicy
    logger.cloudfront CloudFrontLogger AWSCloudFrontLogger
    macie AmazonMacie AmazonMacieServiceRolePolicy
    maintenance.elasticbeanstalk ElasticBeanstalkMaintenance AWSElasticBeanstalkMaintenance
    managedupdates.elasticbeanstalk ElasticBeanstalkManagedUpdates AWSElasticBeanstalkManagedUpdatesServiceRolePolicy
    member.org.stacksets.cloudformation CloudFormationStackSetsOrgMember CloudFormationStackSetsOrgMemberServiceRolePolicy
    memorydb MemoryDB MemoryDBServiceRolePolicy
    mq AmazonMQ AmazonMQServiceRolePolicy
    mrk.kms KeyManagementServiceMultiRegionKeys AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy
    network-firewall NetworkFirewall AWSNetworkFirewallServiceRolePolicy
    opensearchservice AmazonOpenSearchService AmazonOpenSearchServiceRolePolicy
    ops.apigateway APIGateway APIGatewayServiceRolePolicy
    organizations Organizations AWSOrganizationsServiceTrustPolicy
    pullthroughcache.ecr ECRPullThroughCache AWSECRPullThroughCache_ServiceRolePolicy
    ram ResourceAccessManager AWSResourceAccessManagerServiceRolePolicy
    rds RDS AmazonRDSServiceRolePolicy
    redshift Redshift AmazonRedshiftServiceLinkedRolePolicy
    replication.dynamodb DynamoDBReplication DynamoDBReplicationServiceRolePolicy
    replication.ecr ECRReplication ECRReplicationServiceRolePolicy
    replicator.lambda LambdaReplicator AWSLambdaReplicator
    reports.backup BackupReports AWSServiceRolePolicyForBackupReports
    resource-explorer-2 ResourceExplorer AWSResourceExplorerServiceRolePolicy
    route53resolver Route53Resolver Route53ResolverServiceRolePolicy
    securityhub SecurityHub AWSSecurityHubServiceRolePolicy
    servicequotas ServiceQuotas ServiceQuotasServiceRolePolicy
    ses AmazonSES AmazonSESServiceRolePolicy
    shield AWSShield AWSShieldServiceRolePolicy
    spot EC2Spot AWSEC2SpotServiceRolePolicy
    spotfleet EC2SpotFleet AWSEC2SpotFleetServiceRolePolicy
    ssm AmazonSSM AmazonSSMServiceRolePolicy
    sso SSO AWSSSOServiceRolePolicy
    stacksets.cloudformation CloudFormationStackSetsOrgAdmin CloudFormationStackSetsOrgAdminServiceRolePolicy
    support Support AWSSupportServiceRolePolicy
    transfer Transfer AWSTransferServiceRolePolicy
    transitgateway VPCTransitGateway AWSVPCTransitGatewayServiceRolePolicy
    trustedadvisor TrustedAdvisor AWSTrustedAdvisorServiceRolePolicy
    vpc-lattice VpcLattice AWSVpcLatticeServiceRolePolicy
    wafv2 WAFV2Logging WAFV2LoggingServiceRolePolicy
"""  # noqa: E501 - a table, whose rows are longer than lines of code


class LinkedService(NamedTuple):
    """The role of one service: its name, its policy's, and whether a suffix may be chosen."""

    service: str
    role: str
    policy: str
    takes_suffix: bool


def _read() -> dict[str, LinkedService]:
    found = {}
    for line in _ROWS.split("\n"):
        if line.strip():
            short, role, policy = line.split()
            service = short + _SUFFIX
            found[service] = LinkedService(service, _PREFIX + role, policy, short in _TAKES_SUFFIX)
    return found


LINKED = _read()
