// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IFraudVerifier} from "../interfaces/IFraudVerifier.sol";
import {IRollup} from "../interfaces/IRollup.sol";
import {ChunkTree} from "../lib/ChunkTree.sol";
import {Inbox} from "./Inbox.sol";

/// @title Assertions over the inbox: proposals, bonds, fraud proofs, finality
/// @dev An assertion is known by its hash and resupplied in full, so it costs one slot. Every child of a final
/// assertion that was not proven wrong becomes final: competing assertions do not reset its window, and a correct
/// assertion that covers fewer entries does not delay one that covers more. Withdrawals are counted from the beginning,
/// so that none can be claimed twice.
abstract contract Assertions is Inbox {
    /// @dev The record of an assertion, in one slot.
    /// @param proposer The account whose bond is locked
    /// @param createdAt The time of the proposal
    /// @param status The status
    struct Record {
        address proposer;
        uint40 createdAt;
        Status status;
    }

    uint256 private constant ROOT_BYTES = 31;

    mapping(bytes32 id => Record) private _records;
    /// @notice Returns the bond in wei that an account can use or withdraw.
    mapping(address proposer => uint256) public availableBond;
    mapping(bytes32 commitment => uint256) private _committedAt;
    /// @notice Returns the verifier of one kind of fault, by its index.
    address[] public judges;

    bytes32 internal _finalId;
    uint40 internal _finalAt;
    uint64 private _finalEnd;

    constructor(address[] memory judges_, bytes32 genesisRoot) {
        judges = judges_;
        Assertion memory genesis = Assertion(0, 0, 0, genesisRoot, 0, false);
        bytes32 id = keccak256(abi.encode(genesis));
        _records[id] = Record(address(0), uint40(block.timestamp), Status.Final);
        _finalId = id;
        _finalAt = uint40(block.timestamp);
        emit Proposed(id, address(0), genesis);
        emit Finalized(id);
    }

    /// @inheritdoc IRollup
    function propose(
        Assertion calldata parent,
        Batch calldata last,
        uint64 inboxEnd,
        bytes32 root,
        bytes calldata roots
    ) external payable whenNotFrozen {
        bytes32 parentId = _idOf(parent);
        Status standing = _records[parentId].status;
        if (standing != Status.Open && standing != Status.Final) revert UnexpectedStatus(parentId, standing);
        if (keccak256(abi.encode(last)) != accumulators[inboxEnd] || inboxEnd == 0) revert BatchMismatch(inboxEnd);
        // Entries before the last final assertion need no second assertion, and their blobs may no longer be available,
        // so a wrong assertion about them could not be proven wrong.
        if (inboxEnd <= parent.inboxEnd || parent.inboxEnd < _finalEnd) revert InvalidRange(0);
        uint256 count = last.segments - parent.segments;
        if (count > MAX_SEGMENTS) revert InvalidRange(count);
        (bytes32 commitment, bool inBlob) = _commitTo(roots, count, root);
        Assertion memory claimed = Assertion(parentId, inboxEnd, last.segments, root, commitment, inBlob);
        bytes32 id = keccak256(abi.encode(claimed));
        Record storage record = _records[id];
        if (record.status != Status.Unknown) revert UnexpectedStatus(id, record.status);
        _lockBond();
        _records[id] = Record(msg.sender, uint40(block.timestamp), Status.Open);
        emit Proposed(id, msg.sender, claimed);
        if (!inBlob) emit RootsGiven(id, roots);
    }

    /// @inheritdoc IRollup
    function finalize(Assertion calldata claimed) external {
        bytes32 id = _idOf(claimed);
        Record storage record = _requireOpen(id);
        bool frozen = _head.frozen;
        Status standing = _records[claimed.parent].status;
        if (standing != Status.Final && !(frozen && standing == Status.Released)) {
            revert ParentNotFinal(claimed.parent, _finalId);
        }
        uint256 from = record.createdAt + _WINDOW + 1;
        if (block.timestamp < from) revert TooEarly(block.timestamp, from);
        _availableBond(record.proposer);
        if (frozen) {
            // Exits use the assertion that was final when the rollup was frozen.
            record.status = Status.Released;
            emit Released(id);
            return;
        }
        record.status = Status.Final;
        emit Finalized(id);
        if (claimed.inboxEnd <= _finalEnd) return;
        (_finalId, _finalAt, _finalEnd) = (id, uint40(block.timestamp), claimed.inboxEnd);
    }

    /// @inheritdoc IRollup
    function commitChallenge(bytes32 commitment) external {
        if (_committedAt[commitment] == 0) _committedAt[commitment] = block.number;
        emit Committed(commitment, msg.sender);
    }

    /// @inheritdoc IRollup
    function challenge(Assertion calldata claimed, Assertion calldata parent, uint256 judge, bytes calldata proof)
        external
        nonReentrant
    {
        bytes32 id = _idOf(claimed);
        Record storage record = _requireOpen(id);
        _requireParent(claimed, parent);
        if (judge >= judges.length) revert UnknownTokenId(judge);
        bytes memory question = abi.encodeCall(IFraudVerifier.isFraudulent, (claimed, parent, proof));
        bytes32 proofHash;
        assembly ("memory-safe") {
            // The proof is the last argument and may be long, so it is hashed in place.
            proofHash := keccak256(
                add(question, sub(add(mload(question), 32), and(add(proof.length, 31), not(31)))),
                proof.length
            )
        }
        _takeCommitment(keccak256(abi.encode(msg.sender, id, judge, proofHash)));
        if (!_ask(judges[judge], question)) revert AssertionValid(id);
        _invalidate(id, record);
    }

    /// @inheritdoc IRollup
    function discard(Assertion calldata claimed, Assertion calldata parent) external nonReentrant {
        bytes32 id = _idOf(claimed);
        Record storage record = _requireOpen(id);
        _requireParent(claimed, parent);
        Status standing = _records[claimed.parent].status;
        if (standing != Status.Invalid) revert UnexpectedStatus(claimed.parent, standing);
        _invalidate(id, record);
    }

    /// @inheritdoc IRollup
    function addBond() public payable {
        availableBond[msg.sender] += msg.value;
        emit BondChanged(msg.sender, availableBond[msg.sender]);
    }

    /// @inheritdoc IRollup
    function withdrawBond(uint256 amount) external {
        uint256 have = availableBond[msg.sender];
        if (have < amount) revert InsufficientBond(have, amount);
        availableBond[msg.sender] = have - amount;
        emit BondChanged(msg.sender, have - amount);
        _pay(address(0), msg.sender, amount);
    }

    /// @inheritdoc IRollup
    function assertion(bytes32 id) external view returns (address proposer, uint256 createdAt, Status status) {
        Record memory record = _records[id];
        return (record.proposer, record.createdAt, record.status);
    }

    /// @inheritdoc IRollup
    function finality() external view returns (bytes32 id, uint256 time) {
        return (_finalId, _finalAt);
    }

    /// @dev Checks here that roots in calldata end in the asserted root; a judge checks roots in a blob.
    function _commitTo(bytes calldata roots, uint256 count, bytes32 root) private view returns (bytes32, bool) {
        if (uint256(root) >> 248 != 0) revert InvalidRoots();
        if (roots.length == 0) {
            bytes32 hash = blobhash(0);
            if (hash == 0) revert MissingBlob(0);
            return (hash, true);
        }
        if (roots.length != count * ROOT_BYTES) revert InvalidRoots();
        if (uint248(bytes31(roots[roots.length - ROOT_BYTES:])) != uint256(root)) revert InvalidRoots();
        return (ChunkTree.commit(roots), false);
    }

    /// @dev Adds the ether sent to the caller's available bond, and locks one bond.
    function _lockBond() private {
        if (msg.value != 0) addBond();
        uint256 have = availableBond[msg.sender];
        if (have < _BOND) revert InsufficientBond(have, _BOND);
        availableBond[msg.sender] = have - _BOND;
    }

    /// @dev Makes the bond of an assertion available to its proposer again.
    function _availableBond(address proposer) private {
        availableBond[proposer] += _BOND;
        emit BondChanged(proposer, availableBond[proposer]);
    }

    /// @dev Returns the judge's verdict. A revert of the judge reverts the challenge.
    function _ask(address judge, bytes memory question) private view returns (bool guilty) {
        assembly ("memory-safe") {
            if iszero(staticcall(gas(), judge, add(question, 32), mload(question), 0, 32)) {
                let m := mload(0x40)
                returndatacopy(m, 0, returndatasize())
                revert(m, returndatasize())
            }
            guilty := and(eq(returndatasize(), 32), eq(mload(0), 1))
        }
    }

    /// @dev A commitment is used once, and only after enough blocks to prevent a copied proof from being mined first.
    function _takeCommitment(bytes32 commitment) private {
        uint256 at = _committedAt[commitment];
        if (at == 0 || block.number < at + _REVEAL_BLOCKS) revert UnknownCommitment(commitment);
        _committedAt[commitment] = 0;
    }

    /// @dev Marks an assertion as invalid, and pays half of its bond to the caller's available bond.
    function _invalidate(bytes32 id, Record storage record) private {
        record.status = Status.Invalid;
        emit Invalidated(id, msg.sender);
        uint256 half = _BOND / 2;
        // The other half stays in the contract and is thereby burned: no function pays it out.
        availableBond[msg.sender] += half;
        emit BondChanged(msg.sender, availableBond[msg.sender]);
    }

    function _requireOpen(bytes32 id) private view returns (Record storage record) {
        record = _records[id];
        if (record.status != Status.Open) revert UnexpectedStatus(id, record.status);
    }

    function _requireParent(Assertion calldata claimed, Assertion calldata parent) private pure {
        if (_idOf(parent) != claimed.parent) revert InvalidProof();
    }

    function _requireFinal(Assertion calldata final_) internal view returns (bytes32 id) {
        id = _idOf(final_);
        if (_records[id].status != Status.Final) revert UnexpectedStatus(id, _records[id].status);
    }

    /// @dev Requires an assertion that is final or can become final.
    function _requireHopeful(Assertion calldata claimed) internal view {
        bytes32 id = _idOf(claimed);
        Status standing = _records[id].status;
        if (standing == Status.Final) return;
        if (standing != Status.Open) revert UnexpectedStatus(id, standing);
        if (_head.frozen) revert ChainFrozen();
    }

    function _idOf(Assertion calldata claimed) private pure returns (bytes32) {
        return keccak256(abi.encode(claimed));
    }
}
