// SPDX-License-Identifier: GPL-3.0-or-later
//
// The transactions of the index as the core sends them: the ingest of an instance, and searches.

#include "Framework/Common/Uuid.h"
#include "Framework/Index/Attachments.h"
#include "Framework/Index/Changes.h"
#include "Framework/Index/Find/Find.h"
#include "Framework/Index/Resources.h"
#include "Framework/Index/Tags.h"
#include "PostgreSQL/PostgreSQLIndexDialect.h"
#include "Resources/Benchmarks/TestSchema.h"
#include "Resources/Benchmarks/Workers.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace OrthancRegistry::Benchmarks
{
  namespace
  {
    constexpr int ROUNDS = 300; // of each thread
    constexpr int STUDY = 20;   // instances
    constexpr int STUDIES = 500;
    const std::string DATE = "20261126T120000";

    struct Content
    {
      std::vector<ResourceTag> tags;
      std::vector<ResourceMetadata> metadata;

      void Add(int64_t id, bool isIdentifier, uint16_t group, uint16_t element, const std::string& value)
      {
        tags.push_back({id, isIdentifier, {group, element, value}});
      }

      void AddBoth(int64_t id, uint16_t group, uint16_t element, const std::string& value)
      {
        Add(id, false, group, element, value);
        Add(id, true, group, element, value);
      }

      // What the core keeps of each resource about itself
      void AddSignature(int64_t id)
      {
        metadata.push_back({id, 15, "0008,0012;0008,0013;0008,0018;0020,0012;0020,0013;0020,0032;0020,0037"});
      }
    };

    void AddParents(Content& content, const CreatedInstance& created, const std::string& study)
    {
      if (created.isNewPatient)
      {
        content.AddBoth(created.patientId, 0x10, 0x20, study);
        content.AddBoth(created.patientId, 0x10, 0x10, "NAME^" + study);
        content.AddBoth(created.patientId, 0x10, 0x30, "19700101");
        content.AddSignature(created.patientId);
      }
      if (created.isNewStudy)
      {
        for (const auto& [group, element] : {std::pair<uint16_t, uint16_t>{0x20, 0xd},
                                             {0x8, 0x50},
                                             {0x8, 0x1030},
                                             {0x8, 0x20},
                                             {0x10, 0x20},
                                             {0x10, 0x10},
                                             {0x10, 0x30}})
        {
          content.AddBoth(created.studyId, group, element, study);
        }
        content.Add(created.studyId, false, 0x8, 0x30, "120000");
        content.AddSignature(created.studyId);
      }
      if (created.isNewSeries)
      {
        content.AddBoth(created.seriesId, 0x20, 0xe, study);
        content.Add(created.seriesId, false, 0x8, 0x60, "CT");
        content.Add(created.seriesId, false, 0x20, 0x11, "1");
        content.AddSignature(created.seriesId);
        content.metadata.push_back({created.seriesId, 3, "ORTHANC"});
      }
    }

    void Ingest(IDatabase& database, const std::string& study, const std::string& instance)
    {
      const PostgreSQLIndexDialect dialect;
      IndexTransaction t(database, dialect, AccessMode::ReadWrite);
      const CreatedInstance created =
          Resources::CreateInstance(t, "p" + study, "t" + study, "s" + study, instance);
      Changes::Log(t, 2, ResourceLevel::Instance, created.instanceId, DATE);
      if (created.isNewSeries)
      {
        Changes::Log(t, 4, ResourceLevel::Series, created.seriesId, DATE);
        Changes::Log(t, 5, ResourceLevel::Study, created.studyId, DATE);
        Changes::Log(t, 3, ResourceLevel::Patient, created.patientId, DATE);
      }
      Attachment attachment;
      attachment.uuid = instance;
      attachment.contentType = 1;
      attachment.compressedSize = attachment.uncompressedSize = 1000;
      attachment.compressedHash = attachment.uncompressedHash = "d41d8cd98f00b204e9800998ecf8427e";
      Attachments::Add(t, created.instanceId, attachment, 0);
      Content content;
      AddParents(content, created, study);
      content.AddBoth(created.instanceId, 0x8, 0x18, instance);
      content.Add(created.instanceId, false, 0x20, 0x13, "1");
      content.AddSignature(created.instanceId);
      for (const auto& [type, value] : {std::pair<int, std::string>{1, "1"},
                                        {2, DATE},
                                        {8, "RestApi"},
                                        {9, "1.2.840.10008.1.2.1"},
                                        {10, "1.2.840.10008.5.1.4.1.1.7"},
                                        {11, "127.0.0.1"},
                                        {14, "1000"},
                                        {17, "OB"}})
      {
        content.metadata.push_back({created.instanceId, type, value});
      }
      for (const int64_t id : {created.seriesId, created.studyId, created.patientId})
      {
        content.metadata.push_back({id, 7, DATE});
      }
      Tags::SetResourcesContent(t, content.tags, content.metadata);
      t.transaction.Commit();
    }

    // range(1): all threads into one study
    void IngestInstances(benchmark::State& state)
    {
      TestSchema schema("Index");
      const bool isSame = state.range(1) == 1;
      Ingest(schema.Get(), "same", GenerateUuid());
      std::vector<std::string> studies(static_cast<size_t>(state.range(0)), "same");
      MeasureInThreads(state, ROUNDS,
                       [&](int thread, int number)
                       {
                         std::string& study = studies[static_cast<size_t>(thread)];
                         if (!isSame && number % STUDY == 0)
                         {
                           study = GenerateUuid();
                         }
                         Ingest(schema.Get(), study, GenerateUuid());
                       });
    }

    FindRequest MakeRequest()
    {
      FindRequest request;
      request.filter.level = ResourceLevel::Study;
      request.mainDicomTags = request.metadata = request.labels = request.parentIdentifier = true;
      request.parents[0].mainDicomTags = true;
      request.children[2].identifiers = true;
      return request;
    }

    TagConstraint MakeConstraint(uint16_t group, uint16_t element, ConstraintType type,
                                 const std::string& value)
    {
      TagConstraint constraint;
      constraint.level = ResourceLevel::Study;
      constraint.tag = {group, element};
      constraint.isIdentifier = true;
      constraint.type = type;
      constraint.values = {value};
      return constraint;
    }

    std::string MakeStudy(int number)
    {
      return "STUDY" + std::to_string(number);
    }

    // range(1): 0 = a PatientID, 1 = part of a PatientName, 2 = a page of all studies
    void FindStudies(benchmark::State& state)
    {
      TestSchema schema("Index");
      for (int number = 0; number < STUDIES; number++)
      {
        Ingest(schema.Get(), MakeStudy(number), GenerateUuid());
      }
      schema.Execute("ANALYZE");
      const PostgreSQLIndexDialect dialect;
      MeasureInThreads(state, ROUNDS,
                       [&](int thread, int number)
                       {
                         const std::string study = MakeStudy((thread + number * 7) % STUDIES);
                         FindRequest request = MakeRequest();
                         switch (state.range(1))
                         {
                         case 0:
                           request.filter.tags = {MakeConstraint(0x10, 0x20, ConstraintType::Equal, study)};
                           break;
                         case 1:
                           request.filter.tags = {MakeConstraint(0x10, 0x10, ConstraintType::Wildcard,
                                                                 "*" + study.substr(1) + "*")};
                           break;
                         default:
                           request.limits = FindLimits{static_cast<uint64_t>(number), 100};
                         }
                         IndexTransaction t(schema.Get(), dialect, AccessMode::ReadOnly);
                         benchmark::DoNotOptimize(FindResources(t, request));
                         t.transaction.Commit();
                       });
    }

    BENCHMARK(IngestInstances)
        ->ArgNames({"threads", "same"})
        ->ArgsProduct({{1, 4, 8}, {0, 1}})
        ->Iterations(3)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
    BENCHMARK(FindStudies)
        ->ArgNames({"threads", "kind"})
        ->ArgsProduct({{1, 4}, {0, 1, 2}})
        ->Iterations(3)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  }
}
